# Dumps the database, then copies the filestore, then says what was done. In this order a file that the
# dump names is either copied or was deleted after the dump; the other way round it could be missing.
# Nothing is skipped in silence: an absent filestore or an empty dump ends the job.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
filestore=/var/lib/odoo/filestore/$PGDATABASE
[ -d "$filestore" ] || { echo "no filestore at $filestore" >&2; exit 1; }

started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
dump=s3://$BUCKET/dumps/$PREFIX/$started.dump
measured=/tmp/measured
pg_dump --format=custom --compress=6 \
  | tee >(sha256sum | cut -d' ' -f1 >"$measured.sha") >(wc -c >"$measured.bytes") \
  | aws s3 cp - "$dump" --expected-size 53687091200
until [ -s "$measured.bytes" ] && [ -s "$measured.sha" ]; do sleep 1; done
bytes=$(tr -d ' ' <"$measured.bytes")
[ "$bytes" -gt 1024 ] || { echo "the dump of $PGDATABASE has only $bytes bytes" >&2; exit 1; }

aws s3 sync "$filestore" "s3://$BUCKET/filestores/$PREFIX" --only-show-errors
files=$(find "$filestore" -type f | wc -l)
file_bytes=$(du -sb "$filestore" | cut -f1)
jq -n --arg tenant "$TENANT" --arg started "$started" --arg finished "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  --arg dump "$dump" --arg sha256 "$(cat "$measured.sha")" --argjson dump_bytes "$bytes" \
  --argjson filestore_files "$files" --argjson filestore_bytes "$file_bytes" '$ARGS.named' \
  | tee /dev/stderr | aws s3 cp - "s3://$BUCKET/manifests/$PREFIX/$started.json"

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
