# Asks a server what would make its upgrade to PostgreSQL TO fail, all of it at once, and changes nothing. RDS asks the
# same when it has begun, then stops, and says why in a log (RDS User Guide, "How to perform a major version upgrade").
# upgrade_login.sh comes before it.
export PGOPTIONS="$PGOPTIONS -c default_transaction_read_only=on"
refused=0
refuse() { echo "refused: $1" >&2; refused=$((refused + 1)); }
note() { echo "note: $1"; }

[ "$runs" -lt "$wanted" ] || cannot "$PGHOST runs PostgreSQL $runs_exactly already: take the upgrade to $TO out of the file"
# An upgraded server would get no backup: pg_dump reads no server that is newer than itself.
[ "$client" -ge "$wanted" ] || refuse "images.operations has PostgreSQL $client, and its pg_dump reads no server of $wanted: put a build with $wanted or newer into platform.yaml first, and deploy it"

# Which versions RDS upgrades this one to, and which extensions it offers there, changes with every release.
ask_aws() { aws rds "$@" --region "$REGION" --output json || cannot "AWS did not say what it offers (rds $1); nothing was changed"; }
targets=$(ask_aws describe-db-engine-versions --engine postgres --engine-version "$runs_exactly" | jq -r '.DBEngineVersions[]?.ValidUpgradeTarget[]?.EngineVersion')
asked=$TO
[ "$TO" != "$wanted" ] || asked=$(ask_aws describe-db-engine-versions --engine postgres --engine-version "$wanted" --default-only | jq -r '.DBEngineVersions[0].EngineVersion // empty')
if [ -z "$asked" ]; then
  refuse "RDS offers no PostgreSQL $TO in $REGION"
elif ! grep -qxF "$asked" <<<"$targets"; then
  others=$(grep -E "^$wanted\." <<<"$targets" | paste -sd ' ' || true)
  refuse "RDS upgrades no $runs_exactly to $asked${others:+; take one of: $others}${others:-; take a newer minor version of $runs, or a version between them, first}"
fi
offered=$(ask_aws describe-engine-default-parameters --db-parameter-group-family "postgres$wanted" | jq -r '[.EngineDefaults.Parameters[]? | select(.ParameterName == "rds.extensions") | .ParameterValue // empty, .AllowedValues // empty] | join(",") | gsub("\\s"; "")')
[ -n "$offered" ] || cannot "AWS did not say which extensions it offers with PostgreSQL $wanted (rds.extensions); nothing was changed"

while IFS=$'\t' read -r why; do [ -z "$why" ] || refuse "$why"; done < <(sql --set=source="$runs" <<'SQL'
SELECT format('transaction %s in database %s is prepared and open: COMMIT PREPARED or ROLLBACK PREPARED', gid, database) FROM pg_prepared_xacts
UNION ALL
SELECT format('logical replication slot %s of database %s is there: end what reads it, then drop it', slot_name, database)
FROM pg_replication_slots WHERE slot_type = 'logical' AND :source < 17
UNION ALL
SELECT format('database %s takes no connections (datallowconn): let it, or drop it', datname)
FROM pg_database WHERE NOT datallowconn AND datname NOT IN ('template0', 'rdsadmin')
UNION ALL
SELECT format('database %s is what an interrupted DROP DATABASE left: drop it', datname) FROM pg_database WHERE datconnlimit = -2
UNION ALL
SELECT 'there is no database template1, which pg_upgrade needs' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'template1')
UNION ALL
SELECT 'template1 is no template, which pg_upgrade needs' FROM pg_database WHERE datname = 'template1' AND NOT datistemplate;
SQL
)
[ "$runs" -lt 17 ] || note "$(sql <<<"SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical'") logical replication slots are there; PostgreSQL 17 and later take along those that are read to their end"

count=0
while IFS= read -r database; do
  if ! found=$(sql --dbname="dbname='$(sed "s/[\\\\']/\\\\&/g" <<<"$database")'" --field-separator=$'\t' --set=from="$runs" --set=to="$wanted" --set=offered="$offered" <<<"$CHECK_SQL"); then
    refuse "database $database could not be looked into, so what is in it is unknown"
    continue
  fi
  while IFS=$'\t' read -r kind what; do
    case $kind in
      refuses) refuse "database $database: $what" ;;
      notes) note "database $database: $what" ;;
    esac
  done <<<"$found"
  count=$((count + 1))
done <<<"$databases"
[ "$count" -gt 0 ] || refuse "no database could be looked into"
[ "$refused" = 0 ] || cannot "$PGHOST stays on PostgreSQL $runs_exactly: $refused reasons, each above; nothing was changed. When they are gone, run \`pulumi up\` again"
echo "$PGHOST can be upgraded from PostgreSQL $runs_exactly to $asked: $count databases looked into, nothing was changed"
