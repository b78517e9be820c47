# Takes out of a side database what of a person is named in COLUMNS, before it may take the place of the one in use:
# [{"table", "column", "method", "value", "optional"}]. What is optional is done where the column is there; any other
# that is not there, or that cannot be so, ends it by name, and nothing was changed. With ATTACHMENTS the files of
# records go, too. The last line of stdout counts the values.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=$SIDE_DATABASE
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password)
export PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning'
cannot() { echo "$1" >&2; exit 1; }
[ -e "$FETCHED/dump" ] || exit 0 # the report has said why
said=$(psql --no-psqlrc --tuples-only --no-align --dbname=postgres --set=db="$SIDE_DATABASE" <<<"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'db'")
[ "$said" = "costack: side $MARK filling" ] || cannot "database $SIDE_DATABASE on $PGHOST is not what this run has filled (it says '$said'): nothing was changed"
# Nobody keeps it: without it a hash cannot be looked up in a list of hashed addresses.
salt=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
asked=$(cat <<'SQL'
CREATE TEMPORARY TABLE asked AS
SELECT wanted.*, there.attnum, there.attnotnull, there.attgenerated <> '' AS made, class.oid AS relation,
       there.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) AS texts,
       there.atttypid = 'jsonb'::regtype AS translated,
       CASE WHEN there.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND there.atttypmod > 4
            THEN there.atttypmod - 4 ELSE 200 END AS longest,
       EXISTS (SELECT FROM pg_index WHERE indrelid = class.oid AND indisunique AND indnkeyatts = 1 AND indkey[0] = there.attnum) AS alone
  FROM jsonb_to_recordset(:'columns') AS wanted ("table" text, "column" text, method text, value text, optional boolean)
  LEFT JOIN pg_class class ON class.oid = to_regclass(format('public.%I', wanted."table")) AND class.relkind IN ('r', 'p')
  LEFT JOIN pg_attribute there ON there.attrelid = class.oid AND there.attname = wanted."column"
        AND there.attnum > 0 AND NOT there.attisdropped;
DELETE FROM asked WHERE optional AND (attnum IS NULL OR made);
CREATE TEMPORARY TABLE refused AS
SELECT format('%s.%s ', "table", "column") || CASE
         WHEN attnum IS NULL THEN 'is not there'
         WHEN made THEN 'is computed from other columns: name those'
         WHEN method <> 'erase' AND NOT texts AND NOT translated THEN format('is no text, which %s needs', method)
         WHEN method = 'erase' AND attnotnull AND NOT texts AND NOT translated THEN 'may not be empty and is no text'
         WHEN alone AND (method = 'fixed' OR method = 'erase' AND attnotnull) THEN format('has each value once, which %s breaks: hash it', method)
         WHEN alone AND method = 'hash' AND longest < 17 THEN 'has each value once, and is too short for a hash'
         WHEN method = 'fixed' AND length(value) > longest THEN format('holds %s characters, and the value has %s', longest, length(value))
       END AS why
  FROM asked;
SQL
)
hashed="'x' || left(md5('$salt' || %1\$s), 16) || CASE WHEN strpos(%1\$s, '@') > 0 AND %2\$s > 33 THEN '@example.invalid' ELSE '' END"
changes=$(cat <<'SQL'
CREATE TEMPORARY TABLE changes AS
SELECT relation, "table", "column", CASE
         WHEN method = 'erase' THEN CASE WHEN NOT attnotnull THEN 'NULL' WHEN translated THEN '''{}''::jsonb' ELSE '''''' END
         WHEN method = 'fixed' AND translated THEN format('(SELECT jsonb_object_agg(key, %L::text) FROM jsonb_each_text(%I))', value, "column")
         WHEN method = 'fixed' THEN format('CASE WHEN %I IS NOT NULL THEN %L END', "column", value)
         WHEN translated THEN format('(SELECT jsonb_object_agg(key, %s) FROM jsonb_each_text(%I) AS one(key, said))', replace(replace(:'hashed', '%1$s', 'said'), '%2$s', '200'), "column")
         ELSE format('left(%s, %s)', replace(replace(:'hashed', '%1$s', format('%I', "column")), '%2$s', longest::text), longest)
       END AS becomes
  FROM asked;
SELECT format('INSERT INTO counted SELECT %L, count(%I) FROM %s', "table" || '.' || "column", "column", relation::regclass) FROM changes ORDER BY 1 \gexec
SELECT format('UPDATE %s SET %s', relation::regclass, string_agg(format('%I = %s', "column", becomes), ', ')) FROM changes GROUP BY relation \gexec
SQL
)
files=
[ -z "${ATTACHMENTS:-}" ] || files="INSERT INTO counted SELECT 'attachments', count(*) FROM ir_attachment WHERE $(printf '%s' "res_model IS NOT NULL AND res_model <> 'ir.ui.view' AND type = 'binary' AND (url IS NULL OR url NOT LIKE '/%')");
UPDATE ir_attachment SET store_fname = NULL, db_datas = NULL, checksum = NULL, file_size = 0, index_content = NULL, name = 'taken out'
 WHERE res_model IS NOT NULL AND res_model <> 'ir.ui.view' AND type = 'binary' AND (url IS NULL OR url NOT LIKE '/%');"
done=$(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=columns="$COLUMNS" --set=hashed="$hashed" <<SQL
BEGIN;
$asked
SELECT count(why) = 0 AS good, string_agg(why, '; ' ORDER BY why) AS whys FROM refused \gset
\if :good
\else
\warn 'the copy cannot be anonymised, and nothing was stopped or changed:' :whys
\quit
\endif
CREATE TEMPORARY TABLE counted (name text, number bigint);
$changes
$files
SELECT json_build_object('anonymised', coalesce(json_object_agg(name, number ORDER BY name), '{}'), 'result', 'ok') FROM counted;
COMMIT;
SQL
)
[ -n "$done" ] || exit 1
echo "$done"
