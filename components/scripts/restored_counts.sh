# Counts what was restored into the database that psql reaches, for restore_test_report.sh to compare with the
# backup's manifest. ERROR is what the restore ended with, if it did not end well; RESTORE_SECONDS is how long it took.
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --field-separator=$'\t' --set=ON_ERROR_STOP=1 "$@"; }
odoo="to_regclass('public.ir_module_module') IS NOT NULL AND to_regclass('public.res_users') IS NOT NULL
  AND to_regclass('public.ir_attachment') IS NOT NULL"
ask --set=error="$ERROR" --set=seconds="$RESTORE_SECONDS" >"$RESTORED/measured" <<SQL
SELECT json_build_object('error', :'error', 'restore_seconds', :seconds,
  'database_bytes', pg_database_size(current_database()), 'odoo', $odoo);
SQL
[ -z "$ERROR" ] && [ "$(ask -c "SELECT $odoo")" = t ] || exit 0

# Names are hashes of contents, so a folder of the filestore is a random sample. Other backups, other folders.
ask --set=backup="$(cat "$FETCHED/backup")" --set=most="$SAMPLE" <<SQL
\o $RESTORED/counted
SELECT json_build_object('base', (SELECT state FROM ir_module_module WHERE name = 'base'),
  'users', (SELECT count(*) FROM res_users));
\o $RESTORED/tables
$MEASURE_SQL
\o $RESTORED/sequences
$SEQUENCES_SQL
\o $RESTORED/named
SELECT store_fname, max(coalesce(file_size, 0)) FROM ir_attachment WHERE store_fname IS NOT NULL GROUP BY 1;
\o $RESTORED/newest
$NEWEST_SQL
\o $RESTORED/sample
SELECT store_fname FROM (
  SELECT DISTINCT md5(split_part(store_fname, '/', 1) || :'backup') AS place, store_fname FROM ir_attachment
   WHERE store_fname ~ '^[0-9a-f]{2}/[0-9a-f]{40}\$' ORDER BY 1, 2 LIMIT :most) AS chosen ORDER BY place, store_fname;
SQL
