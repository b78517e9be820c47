# Dumps the database, then copies the filestore, then says what was done. In this order a file that the
# dump names is either copied or was deleted after the dump; the other way round it could be missing.
# Nothing is skipped in silence: an absent filestore or an empty dump ends the job. Only the last backup of a tenant
# may find that it never had anything: no table, no large object, no file. Its manifest says so.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
filestore=/var/lib/odoo/filestore/$PGDATABASE
[ -d "$filestore" ] || [ -n "${LAST:-}" ] || { echo "no filestore at $filestore" >&2; exit 1; }

# Whose the prefix is stands in it. One without a mark holds nothing, or the backups of a database that is older than
# marks: database_setup.sh found it unmarked and wrote that on the role.
owners=manifests/$PREFIX/owner
present() { aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "$1" --query 'Contents[].[Key,Size]' --output text | sed '/^None/d'; }
marked=$(present "$owners" | cut -f1 | { grep -Fx "$owners" || true; })
if [ -n "$marked" ]; then
  theirs=$(aws s3 cp "s3://$BUCKET/$owners" -)
  [ "$theirs" = "$OWNER" ] || { echo "the backups under '$PREFIX' in $BUCKET belong to $theirs, and this tenant is $OWNER: no backup was made; give this tenant another name, or move those backups out of the bucket" >&2; exit 1; }
else
  # Results of restore tests are no backups: a test may run before the first one.
  manifests=$(present "manifests/$PREFIX/" | cut -f1 | sed -n "s|^manifests/$PREFIX/[^/]*\.json\$|&|p" | wc -l)
  dumps=$(present "dumps/$PREFIX/" | wc -l)
  before=$((manifests + dumps))
  if [ "$before" != 0 ]; then
    role=$(psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 -c "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = current_user")
    [ "$role" = "costack: owner $OWNER, found unmarked" ] || { echo "there are $before objects under manifests/$PREFIX and dumps/$PREFIX in $BUCKET without an owner's mark, and this database is younger than such marks: the backups may be somebody else's, so none was made; move them out of the bucket, or, if you know that they are this tenant's, write $OWNER into $owners" >&2; exit 1; }
  fi
  aws s3 cp - "s3://$BUCKET/$owners" <<<"$OWNER"
fi

started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
dump=s3://$BUCKET/dumps/$PREFIX/$started.dump
measured=/tmp/measured

# A restore is checked against the manifest, so it counts what the dump holds: one transaction exports its
# snapshot, counts, and stays open until pg_dump has read the same snapshot. Sequences obey no snapshot, they
# are read before and after. The role's own time limits are for requests, not for this.
coproc SNAPSHOT { exec psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1; }
counting=$SNAPSHOT_PID
exec {say}>&"${SNAPSHOT[1]}" {hear}<&"${SNAPSHOT[0]}"
ask() {
  { cat; echo "SELECT 'done';"; } >&"$say"
  while read -r line <&"$hear"; do
    [ "$line" != done ] || return 0
    echo "$line"
  done
  echo "counting in $PGDATABASE failed" >&2
  return 1
}
snapshot=$(ask <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_export_snapshot();
SQL
)
version=$(ask <<<'SHOW server_version_num;')
client=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
if [ "$((version / 10000))" -gt "$client" ]; then
  echo "$PGHOST is PostgreSQL $((version / 10000)) and the operations image has pg_dump $client: no backup was made; name an image with a newer pg_dump in platform.yaml" >&2
  exit 1
fi
ask <<<"$MEASURE_SQL" >"$measured.tables"
if [ -n "${LAST:-}" ] && jq -se 'length == 1 and .[0].rows == 0' "$measured.tables" >/dev/null \
  && [ -z "$([ ! -d "$filestore" ] || find "$filestore" -type f -print -quit)" ]; then
  echo '\q' >&"$say"
  wait "$counting"
  jq -n --arg tenant "$TENANT" --arg owner "$OWNER" --arg started "$started" --arg finished "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --arg last "$LAST" --argjson postgresql "$version" '$ARGS.named + {empty: true, dump: null, active_users: null}' >"$measured.json"
  cat "$measured.json" >&2
  aws s3 cp - "s3://$BUCKET/manifests/$PREFIX/$started.json" <"$measured.json"
  exit 0
fi
[ -d "$filestore" ] || { echo "no filestore at $filestore" >&2; exit 1; }
users=$(ask <<<"$USERS_SQL")
ask <<<"$SEQUENCES_SQL" >"$measured.earlier"
pg_dump --format=custom --compress=6 --snapshot="$snapshot" \
  | tee >(sha256sum | cut -d' ' -f1 >"$measured.sha") >(wc -c >"$measured.bytes") \
  | aws s3 cp - "$dump" --expected-size 53687091200
until [ -s "$measured.bytes" ] && [ -s "$measured.sha" ]; do sleep 1; done
ask <<<"$SEQUENCES_SQL" >"$measured.later"
echo '\q' >&"$say"
wait "$counting"
bytes=$(tr -d ' ' <"$measured.bytes")
[ "$bytes" -gt 1024 ] || { echo "the dump of $PGDATABASE has only $bytes bytes" >&2; exit 1; }

# Odoo adds and removes files while they are copied: what was there before and is there after was copied.
listed() { (cd "$filestore" && find . -type f -printf '%P %s\n' | LC_ALL=C sort); }
listed >"$measured.before"
aws s3 sync "$filestore" "s3://$BUCKET/filestores/$PREFIX" --only-show-errors
listed | LC_ALL=C comm -12 "$measured.before" - >"$measured.files"
jq -n --arg tenant "$TENANT" --arg owner "$OWNER" --arg started "$started" --arg finished "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  --arg last "${LAST:-}" --arg asked_for "${ASKED_FOR:-}" --arg dump "$dump" --arg sha256 "$(cat "$measured.sha")" --argjson dump_bytes "$bytes" \
  --argjson postgresql "$version" --argjson active_users "$users" --slurpfile tables "$measured.tables" \
  --slurpfile earlier "$measured.earlier" --slurpfile later "$measured.later" \
  --argjson filestore_files "$(wc -l <"$measured.files")" \
  --argjson filestore_bytes "$(awk '{ sum += $NF } END { printf "%d", sum }' "$measured.files")" \
  --arg filestore_names_sha256 "$(sed 's/ [0-9]*$//' "$measured.files" | sha256sum | cut -d' ' -f1)" '
  $ARGS.named + {tables: ($tables | map({(.table): {rows, highest}}) | add)}
  + {sequences: ($earlier[0] | with_entries(.value = ([.value, $later[0][.key] // .value] | {lowest: min, highest: max})))}
  | del(.earlier, .later)' >"$measured.json"
jq 'del(.tables, .sequences) + {tables: (.tables | length), sequences: (.sequences | length)}' "$measured.json" >&2
aws s3 cp - "s3://$BUCKET/manifests/$PREFIX/$started.json" <"$measured.json"

# Dumps past their retention go; the newest one never does, however old it is. The bucket is versioned, so
# even a wrong deletion can be undone for as long as its lifecycle keeps old versions.
oldest=$(date -u -d "-$RETENTION_DAYS days" +%Y-%m-%dT%H:%M:%SZ)
aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "dumps/$PREFIX/" --query 'sort_by(Contents || `[]`, &Key)[:-1].Key' --output text \
  | tr '\t' '\n' | while read -r key; do
      taken=$(basename "$key" .dump)
      if [ -n "$key" ] && [ "$key" != None ] && [[ "$taken" < "$oldest" ]]; then
        aws s3 rm "s3://$BUCKET/$key" --only-show-errors
      fi
    done
