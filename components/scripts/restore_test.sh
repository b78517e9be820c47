# Restores a tenant's newest complete backup, or the one named, into a server that lives and dies in this
# pod, and checks it against what the backup says of itself. No database server is asked for anything.
# The last line of stdout is the result; it lies in the bucket too. 0: restorable, 1: a check failed,
# 2: the test could not be made, and there is no result.
started_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
work=$DATA/restore-test
checks=$work/checks
told=
cannot() { echo "$1" >&2; exit 2; }
leave() {
  status=$?
  trap - EXIT
  if [ -e "$work/server/postmaster.pid" ]; then pg_ctl --pgdata="$work/server" stop --mode=immediate >/dev/null; fi
  rm -rf "$work"
  [ "$status" = 0 ] || [ -n "$told" ] || status=2
  exit "$status"
}
trap leave EXIT
trap 'exit 2' INT TERM

# Debian keeps the server's programs of every version off PATH.
if ! command -v initdb >/dev/null; then
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
  PATH=$newest:$PATH
fi
for tool in initdb pg_ctl psql pg_restore jq aws; do
  command -v "$tool" >/dev/null || cannot "the operations image has no $tool: docs/odoo-images.md says what it must contain"
done
id -un >/dev/null 2>&1 || cannot "user $(id -u) has no name in the operations image, and initdb asks for one: add it to /etc/passwd"
mkdir -p "$work"
: >"$checks"

# check NAME EXPECTED FOUND [YES-OR-NO [FILE OF DIFFERENCES]]: equal is good, unless told what is.
# A check is kept as five texts, each behind a unit separator, and a record separator: to start jq for each took a third
# of a small test's time. No text may hold either.
check() {
  local good=${4:-} text
  [ -n "$good" ] || { [ "$2" = "$3" ] && good=true || good=false; }
  {
    for text in "$1" "$2" "$3" "$good"; do printf '%s\x1f' "${text//[$'\x1e\x1f']/ }"; done
    [ -z "${5:-}" ] || grep -m 20 . "$5" | tr '\036\037' '  '
    printf '\x1e'
  } >>"$checks"
  [ "$good" = true ]
}
number() { printf '%d' "$(wc -l <"$1")"; }
finish() {
  jq -nc --arg tenant "$TENANT" --arg backup "$BACKUP" --arg taken_at "${taken_at:-}" --arg started_at "$started_at" \
    --arg finished_at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --argjson seconds "$SECONDS" \
    --argjson restore_seconds "${restore_seconds:-0}" --argjson dump_bytes "${dump_bytes:-0}" \
    --argjson database_bytes "${database_bytes:-0}" --argjson file_bytes "${file_bytes:-0}" --rawfile checks "$checks" '
    ($checks | split("\u001e")[:-1] | map(split("\u001f")
      | {name: .[0], expected: .[1], found: .[2], ok: (.[3] == "true")}
      + ((.[4] | split("\n") | map(select(. != ""))) as $all | if $all == [] then {} else {differences: $all} end))) as $checks
    | $ARGS.named + {$checks, result: (if ($checks | all(.ok)) then "ok" else "failed" end)}' >"$work/result"
  aws s3 cp - "s3://$BUCKET/manifests/$PREFIX/restore-tests/$started_at.json" <"$work/result" >&2
  told=yes
  cat "$work/result"
  grep -q '"result":"ok"}$' "$work/result" || exit 1
  exit 0
}
# Keys and sizes, a tab between them; the AWS CLI says None when there are none.
objects() {
  aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "$1" --query 'Contents[].[Key,Size]' --output text | sed '/^None/d'
}

objects "manifests/$PREFIX/" | cut -f1 | sed -n "s|^manifests/$PREFIX/\([^/]*\)\.json\$|\1|p" | LC_ALL=C sort >"$work/backups"
BACKUP=${BACKUP:-$(tail -1 "$work/backups")}
found=$(grep -Fx -- "$BACKUP" "$work/backups" || true)
check backup "${BACKUP:-a complete backup}" "${found:-none}" || finish
manifest=$work/manifest
aws s3 cp "s3://$BUCKET/manifests/$PREFIX/$BACKUP.json" - >"$manifest"
# Backups that are older than owner's marks have none.
mapfile -t says < <(jq -rs '
  if length == 1 and (.[0] | (.tables | type) == "object" and (.sequences | type) == "object" and (.postgresql | type) == "number")
  then "counts of every table", (.[0] | .started, .tenant, .owner // "no mark", .dump, .sha256, .postgresql, .filestore_files
    | tostring | split("\n") | join(" "))
  else "no counts" end' "$manifest" 2>/dev/null || echo "no JSON")
check manifest "counts of every table" "${says[0]:-}" || finish
taken_at=${says[1]} tenant=${says[2]} owner=${says[3]} place=${says[4]} sha256=${says[5]} made_for=${says[6]} files=${says[7]}
check tenant "$TENANT" "$tenant" || finish
check owner "$OWNER" "$owner" "$([ "$owner" = "$OWNER" ] || [ "$owner" = "no mark" ] && echo true || echo false)" || finish
dump=s3://$BUCKET/dumps/$PREFIX/$BACKUP.dump
check place "$dump" "$place" || finish
made_by=$((made_for / 10000))
here=$(pg_restore --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
[ "$made_by" -le "$here" ] || cannot "the backup is of PostgreSQL $made_by and the operations image has $here"

export PGHOST=$work/socket PGUSER=keeper PGDATABASE=postgres
unset PGPASSWORD PGSERVICE PGPORT
mkdir "$PGHOST"
initdb --pgdata="$work/server" --username="$PGUSER" --auth=trust --encoding=UTF8 --locale=C --no-sync >"$work/log" 2>&1 \
  || cannot "initdb failed: $(tail -1 "$work/log")"
# It need not survive its pod, and /dev/shm of a pod is too small for parallel work.
cat >>"$work/server/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$PGHOST'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
wal_level = minimal
max_wal_senders = 0
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
CONF
# What the dump says is run here: the server has none of the pod's environment, such as the way to its credentials.
env -i PATH="$PATH" pg_ctl --pgdata="$work/server" --log="$work/log" --wait start >&2 || cannot "the server did not start: $(tail -1 "$work/log")"
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --field-separator=$'\t' --set=ON_ERROR_STOP=1 "$@"; }
# And it is run by a role like the tenant's own: it may reach no file and no program, and no other database.
# To copy the files of a new database takes a third of the time of logging every page of it.
ask <<'SQL'
CREATE ROLE restorer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
CREATE DATABASE restored OWNER restorer TEMPLATE template0 STRATEGY file_copy;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL
export PGUSER=restorer PGDATABASE=restored

# One reading restores and measures; tee reads to the end even when pg_restore has given up.
began=$SECONDS
set +e
aws s3 cp "$dump" - 2>"$work/reading" | tee --output-error=warn-nopipe >(sha256sum | cut -d' ' -f1 >"$work/sha256") >(wc -c >"$work/bytes") \
  | pg_restore --no-owner --no-acl --exit-on-error --dbname="$PGDATABASE" 2>"$work/restoring"
ended=("${PIPESTATUS[@]}")
set -e
until [ -s "$work/bytes" ] && [ -s "$work/sha256" ]; do sleep 0.1; done
restore_seconds=$((SECONDS - began))
dump_bytes=$(tr -d ' ' <"$work/bytes")
if [ "${ended[0]}" != 0 ]; then
  check dump "$sha256" "unreadable: $(tail -1 "$work/reading")" || finish
fi
whole=yes
check dump "$sha256" "$(cat "$work/sha256")" || whole=no
error=$(grep -m 1 . "$work/restoring" || echo "exit code ${ended[2]}")
[ "${ended[2]}" = 0 ] && error="no error"
check restored "no error" "$error" || finish
[ "$whole" = yes ] || finish
{ read -r database_bytes && read -r base; } < <(ask <<'SQL'
SELECT pg_database_size(current_database());
SELECT to_regclass('public.ir_module_module') IS NOT NULL AND to_regclass('public.res_users') IS NOT NULL
  AND to_regclass('public.ir_attachment') IS NOT NULL;
SQL
)
check odoo "the tables of Odoo" "$([ "$base" = t ] && echo "the tables of Odoo" || echo "not all of them")" || finish
check base installed "$(ask -c "SELECT state FROM ir_module_module WHERE name = 'base'")" || true
users=$(ask -c 'SELECT count(*) FROM res_users')
check users "at least 1" "$users" "$([ "$users" -gt 0 ] && echo true || echo false)" || true

ask <<<"\o $work/tables
$MEASURE_SQL
\o $work/sequences
$SEQUENCES_SQL"
jq -nj --slurpfile manifest "$manifest" --slurpfile tables "$work/tables" --slurpfile sequences "$work/sequences" '
  def check($name; $expected; $found; $ok; $lines):
    [$name, $expected, $found, $ok, ($lines[:20] | join("\n"))]
    | (map(tostring | split("\u001e") | join(" ") | split("\u001f") | join(" ")) | join("\u001f")), "\u001e";
  $manifest[0].tables as $told | ($tables | map({(.table): .}) | add // {}) as $seen | $manifest[0].sequences as $stood
  | def differing(key): [$told + $seen | keys[] | select($told[.][key] != $seen[.][key])
      | "\(.): \($seen[.][key] // "none"), expected \($told[.][key] // "none")"];
  differing("rows") as $rows | differing("highest") as $highest
  | [$told[] | select(.highest != null)] as $ids
  | [$stood + $sequences[0] | keys[] | select($stood[.] == null or $sequences[0][.] == null
       or $sequences[0][.] < $stood[.].lowest or $sequences[0][.] > $stood[.].highest)
     | "\(.): \($sequences[0][.] // "none"), expected \($stood[.] | if . == null then "none"
         elif .lowest == .highest then .lowest else "\(.lowest) to \(.highest)" end)"] as $standing
  | check("rows"; "\([$told[].rows] | add // 0) in \($told | length) tables";
      "\([$seen[].rows] | add // 0) in \($seen | length) tables"; $rows == []; $rows),
    check("highest ids"; $ids | length; ($ids | length) - ($highest | length); $highest == []; $highest),
    check("sequences"; $stood | length; ($stood | length) - ($standing | length); $standing == []; $standing)' >>"$checks"

# The copy of the filestore only grows: it holds what this backup names, and what others do.
export LC_ALL=C
objects "filestores/$PREFIX/" | sed "s|^filestores/$PREFIX/||" | sort -t$'\t' -k1,1 >"$work/copied"
ask -c "SELECT store_fname, max(coalesce(file_size, 0)) FROM ir_attachment WHERE store_fname IS NOT NULL GROUP BY 1" \
  | sort -t$'\t' -k1,1 >"$work/named"
join -t$'\t' "$work/named" "$work/copied" >"$work/there"
join -t$'\t' -v 1 "$work/named" "$work/copied" | cut -f1 | sed 's/$/: missing/' >"$work/missing"
check attachments "$(number "$work/named")" "$(number "$work/there")" "" "$work/missing" || true
awk -F'\t' '$2 > 0' "$work/there" >"$work/sized"
awk -F'\t' '$2 != $3 { printf "%s: %s bytes, expected %s\n", $1, $3, $2 }' "$work/sized" >"$work/odd"
check "attachment sizes" "$(number "$work/sized")" "$(($(number "$work/sized") - $(number "$work/odd")))" "" "$work/odd" || true
check filestore "at least $files files" "$(number "$work/copied") files" \
  "$([ "$(number "$work/copied")" -ge "$files" ] && echo true || echo false)" || true
file_bytes=$(awk -F'\t' '{ sum += $2 } END { printf "%d", sum }' "$work/copied")

# Names are hashes of contents, so a folder of the filestore is a random sample. Other backups, other folders.
ask --set=backup="$BACKUP" --set=most="$SAMPLE" >"$work/sample" <<'SQL'
SELECT DISTINCT md5(split_part(store_fname, '/', 1) || :'backup'), store_fname FROM ir_attachment
 WHERE store_fname ~ '^[0-9a-f]+/[0-9a-f]{40}$' ORDER BY 1, 2 LIMIT :most;
SQL
cut -f2 "$work/sample" >"$work/names"
: >"$work/sums"
for folder in $(cut -d/ -f1 "$work/names" | uniq); do
  aws s3 cp --recursive "s3://$BUCKET/filestores/$PREFIX/$folder/" "$work/files/$folder/" --only-show-errors >&2
  awk -F/ -v folder="$folder" '$1 == folder { print $2 "  " $0 }' "$work/names" >"$work/expected"
  (cd "$work/files" && sha1sum --check "$work/expected" 2>/dev/null || true) >>"$work/sums"
  rm -rf "$work/files/$folder"
done
grep -v ': OK$' "$work/sums" >"$work/altered" || true
check "attachment contents" "$(number "$work/names")" "$(grep -c ': OK$' "$work/sums" || true)" "" "$work/altered" || true
finish
