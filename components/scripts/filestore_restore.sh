# Brings back the files that a tenant's database names and its directory lacks, from the copy in the bucket. Nothing is
# replaced or deleted: files that only the database of before names stay for the way back. Safe to run again.
# With REFRESHES the result lies there below manifests/ in the bucket, as the last of what a refresh does.
# With MAY_LACK those that are nowhere are named and no failure: on the way back Odoo would stay stopped for them.
#
# Odoo names a file by the SHA-1 of what is in it (filestore_bring.sh checks that): a file that is there is the right
# one, whenever it was written.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export LC_ALL=C PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require PGOPTIONS='-c statement_timeout=0'
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
filestore=/var/lib/odoo/filestore/$PGDATABASE
owners=/var/lib/odoo/.costack-owner
work=/tmp/side
cannot() { echo "$1" >&2; exit 1; }
mkdir -p "$work"
[ "$(cat "$owners" 2>/dev/null)" = "$OWNER" ] || cannot "the files in this tenant's directory say that they belong to '$(cat "$owners" 2>/dev/null)', and this tenant is $OWNER: nothing was brought back"
mkdir -p "$filestore"
# On the same file system, so that a file is moved to its place whole.
staged=/var/lib/odoo/.costack-restore
lacking() { (cd "$filestore" && find . -type f ! -path './checklist/*' -printf '%P\n' | sort) | comm -23 "$work/named" -; }
psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  -c "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL" | sort >"$work/named"
lacking >"$work/lacking"
WANTED=$work/lacking STAGED=$staged FILESTORE=$filestore bash -euo pipefail -c "$BRING"
lacking >"$work/still"
lacks="$(wc -l <"$work/still") files that $PGDATABASE names are neither here nor, as their names say, in the copy in $BUCKET, such as $(head -1 "$work/still")"
[ ! -s "$work/still" ] || [ -n "${MAY_LACK:-}" ] || cannot "$lacks"
[ ! -s "$work/still" ] || echo "$lacks" >&2
result=$(jq -nc --argjson named "$(wc -l <"$work/named")" --argjson brought_back "$(($(wc -l <"$work/lacking") - $(wc -l <"$work/still")))" \
  --argjson lacking "$(wc -l <"$work/still")" '{$named, $brought_back} + (if $lacking > 0 then {$lacking} else {} end) + {result: "ok"}')
echo "$result"
if [ -n "${REFRESHES:-}" ]; then
  # What it works with now says of itself which backup it was.
  said=$(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()")
  finished=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  jq -c --arg tenant "${REFRESHES%%/*}" --arg from_tenant "$TENANT" --arg finished_at "$finished" \
    --arg backup "$(sed 's/^costack: used [^ ]* //' <<<"$said")" '{$tenant, $from_tenant, $backup, $finished_at} + .' <<<"$result" \
    | aws s3 cp - "s3://$BUCKET/manifests/$REFRESHES/$finished.json" >&2
fi
