# Checks what the command that upgrades has made of the side database. The last line of stdout is the result; it lies in
# the bucket, too. Where all is well it adds new files to the tenant's, if this is no rehearsal, and marks the database:
# as one that may take the place of the one in use, or as rehearsed. Safe to run again.
# 1: a check failed, or nothing could be checked. What the command has left is read as a number, and as files whose
# names say what is in them.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export LC_ALL=C PGHOST PGUSER PGPASSWORD PGDATABASE=$SIDE_DATABASE PGSSLMODE=require PGOPTIONS='-c statement_timeout=0'
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password)
used=$(option db_name)
cannot() { echo "$1" >&2; exit 1; }
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$SIDE_DATABASE" --set=login="$COMMAND_LOGIN")
said=$("${sql[@]}" --dbname=postgres <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
backup=$(cat "$STOOD/backup")
made=ready mode=upgrade
[ "$REHEARSES" != yes ] || made=rehearsed mode=rehearsal
ends="costack: side $MARK $made $VERSION from the backup of $backup"
case $said in
  "costack: side $MARK upgrading"|"$ends") ;;
  *) cannot "database $SIDE_DATABASE on $PGHOST is not the one that was upgraded (it says '$said'): nothing was changed" ;;
esac
took=$SIDE/data/command-seconds
[ -f "$took" ] && [ ! -L "$took" ] && [[ "$(head -c 12 "$took")" =~ ^[0-9]{1,9}$ ]] || cannot "the command did not end well: nothing was changed"
# What is counted stays as it is: nobody works with the command's login any longer.
PGOPTIONS="$PGOPTIONS -c role=$COMMAND_LOGIN" "${sql[@]}" --dbname=postgres <<<'ALTER ROLE CURRENT_USER PASSWORD NULL'
"${sql[@]}" --dbname=postgres >/dev/null <<<"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = :'login'"
PGOPTIONS="$PGOPTIONS -c client_min_messages=error" "${sql[@]}" <<<'ANALYZE'
bash -euo pipefail -c "$STAND" >"$STOOD/after"
finished=$(date -u +%Y-%m-%dT%H:%M:%SZ)
jq -nc --arg tenant "$TENANT" --arg mode "$mode" --arg to "$VERSION" --arg backup "$backup" --arg image "$COMMAND_IMAGE" \
  --arg command "$COMMAND" --arg may_lose "$MAY_LOSE_ROWS" --arg main "$MAIN_TABLES" --arg finished_at "$finished" \
  --argjson seconds "$(($(date +%s) - $(cat "$FETCHED/began")))" --argjson command_seconds "$(cat "$took")" \
  --slurpfile before "$STOOD/before" --slurpfile after "$STOOD/after" '
  def words: split(" ") | map(select(. != ""));
  def major: tostring | split(".")[0];
  def check($name; $expected; $found; $ok): {$name, expected: ($expected | tostring), found: ($found | tostring), $ok};
  def few: .[:20] | join("; ");
  $before[0] as $was | $after[0] as $is | ($may_lose | words) as $may
  | [$main | words[] | select($was.tables[.] != null) | {table: ., before: $was.tables[.], after: $is.tables[.]}] as $main
  | [$main[] | .table as $table | select(($may | index($table)) == null and (.after == null or .after < .before))
      | "\(.table): \(.after // "none"), expected \(.before)"] as $lost
  | [check("version"; "a database of Odoo \($to | major)"; $is.base; ($is.base | major) == ($to | major)),
     check("modules"; "none that waits"; if $is.waiting == [] then "none that waits" else $is.waiting | few end; $is.waiting == []),
     check("users"; $was.users; $is.users; $was.users != null and $is.users == $was.users),
     check("rows"; "as many in \($main | length) main tables"; if $lost == [] then "as many or more" else $lost | few end; $lost == [])] as $checks
  | {$tenant, $mode, from: $was.base, $to, $backup, $image, $command, $finished_at, $seconds, $command_seconds, $checks,
     modules_gone: ($was.installed - $is.installed), modules_new: ($is.installed - $was.installed),
     rows: ($main | map({(.table): [.before, .after]}) | add // {}), result: (if $checks | all(.ok) then "ok" else "failed" end)}' >"$STOOD/result"
aws s3 cp - "s3://$BUCKET/manifests/$PREFIX/upgrades/$finished.json" <"$STOOD/result" >&2
if ! grep -q '"result":"ok"}$' "$STOOD/result"; then
  echo "the upgraded database failed its checks; the database in use is as it was" >&2
  cat "$STOOD/result"
  exit 1
fi
# All becomes the tenant's. One by one, as far as one can: a server has room for the locks of some thousands of tables.
PGOPTIONS="$PGOPTIONS -c client_min_messages=error" "${sql[@]}" <<'SQL'
SELECT format('ALTER TABLE %s OWNER TO CURRENT_USER', oid::regclass) FROM pg_class
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relowner = to_regrole(quote_ident(:'login')) \gexec
SELECT format('ALTER LARGE OBJECT %s OWNER TO CURRENT_USER', oid) FROM pg_largeobject_metadata
 WHERE lomowner = to_regrole(quote_ident(:'login')) \gexec
REASSIGN OWNED BY :"login" TO CURRENT_USER;
DROP OWNED BY :"login";
SELECT 'ALTER SCHEMA public OWNER TO pg_database_owner' FROM pg_namespace
 WHERE nspname = 'public' AND pg_get_userbyid(nspowner) = current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_database_owner') \gexec
SQL
if [ "$REHEARSES" != yes ]; then
  for folder in "$SIDE/data/filestore/$SIDE_DATABASE"/[0-9a-f][0-9a-f]; do
    [ -d "$folder" ] || continue # a tenant without files
    theirs=$FILES/filestore/$used/${folder##*/}
    find "$folder" -maxdepth 1 -type f -printf '%f\n' >"$STOOD/added"
    [ ! -s "$STOOD/added" ] || mkdir -p "$theirs"
    while read -r name; do
      # Whole, and what its name says, before it has its name.
      cp "$folder/$name" "$theirs/.costack-upgrade"
      if [ "$(sha1sum <"$theirs/.costack-upgrade" | cut -d' ' -f1)" = "$name" ] && [[ "$name" == "${folder##*/}"* ]]; then
        mv -n "$theirs/.costack-upgrade" "$theirs/$name"
      fi
      rm -f "$theirs/.costack-upgrade"
    done <"$STOOD/added"
  done
fi
"${sql[@]}" --dbname=postgres --set=said="$ends" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"
cat "$STOOD/result"
