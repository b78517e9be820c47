-- One row for each thing in this database that makes pg_upgrade fail (`refuses`), or that it does not keep (`notes`).
-- The queries are those of PostgreSQL's own pg_upgrade (src/bin/pg_upgrade/check.c, 16 to 18), in one place: it stops at
-- the first kind of problem, and on RDS it says so in a log after the server has been taken down. All names are looked
-- up in pg_catalog. `from` and `to` are major versions.
\set ON_ERROR_STOP on
-- Columns whose type, or a type within it, pg_upgrade carries over by its number: a new server has another behind it.
WITH RECURSIVE
bad(oid, why) AS (
  SELECT t.oid, 'type ' || t.typname || ', which pg_upgrade cannot carry over'
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname = 'pg_catalog'
  WHERE t.typname IN ('regcollation', 'regconfig', 'regdictionary', 'regnamespace', 'regoper', 'regoperator', 'regproc', 'regprocedure')
     OR (t.typname = 'aclitem' AND :from <= 15 AND :to >= 16)
     OR t.typname = 'unknown'
  UNION ALL
  SELECT t.oid, 'row type ' || n.nspname || '.' || t.typname || ' of the system'
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype = 'c' AND (t.oid < 16384 OR n.nspname = 'information_schema')
),
within(oid, why) AS (
  SELECT oid, why FROM bad
  UNION
  SELECT x.oid, within.why FROM within, LATERAL (
    SELECT t.oid FROM pg_type t WHERE t.typbasetype = within.oid AND t.typtype = 'd'
    UNION ALL
    SELECT t.oid FROM pg_type t WHERE t.typelem = within.oid AND t.typtype = 'b'
    UNION ALL
    SELECT t.oid FROM pg_type t JOIN pg_class c ON t.oid = c.reltype JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE t.typtype = 'c' AND a.atttypid = within.oid AND NOT a.attisdropped
    UNION ALL
    SELECT r.rngtypid FROM pg_range r WHERE r.rngsubtype = within.oid
  ) x
)
SELECT DISTINCT 'refuses', format('column %s.%s.%s has %s', n.nspname, c.relname, a.attname, within.why)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
JOIN within ON within.oid = a.atttypid
WHERE NOT a.attisdropped AND c.relkind IN ('r', 'm', 'i')
  AND n.nspname !~ '^pg_temp_' AND n.nspname !~ '^pg_toast_temp_' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
-- Functions of arrays that PostgreSQL 14 takes otherwise.
SELECT 'refuses', format('aggregate %s uses a function of arrays that PostgreSQL 14 changed: drop it', p.oid::regprocedure)
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
JOIN pg_proc f ON f.oid IN (a.aggtransfn, a.aggfinalfn) JOIN pg_namespace n ON n.oid = f.pronamespace AND n.nspname = 'pg_catalog'
WHERE p.oid >= 16384 AND :from <= 13 AND :to >= 14
  AND f.proname IN ('array_append', 'array_cat', 'array_prepend', 'array_remove', 'array_replace', 'array_position', 'array_positions', 'width_bucket')
UNION ALL
SELECT 'refuses', format('operator %s uses a function of arrays that PostgreSQL 14 changed: drop it', o.oid::regoperator)
FROM pg_operator o JOIN pg_proc f ON f.oid = o.oprcode JOIN pg_namespace n ON n.oid = f.pronamespace AND n.nspname = 'pg_catalog'
WHERE o.oid >= 16384 AND :from <= 13 AND :to >= 14
  AND f.proname IN ('array_append', 'array_cat', 'array_prepend', 'array_remove', 'array_replace', 'array_position', 'array_positions', 'width_bucket')
UNION ALL
SELECT 'refuses', format('operator %s stands behind its operand, which PostgreSQL 14 no longer knows: drop it', o.oid::regoperator)
FROM pg_operator o WHERE o.oid >= 16384 AND o.oprright = 0 AND :from <= 13 AND :to >= 14
UNION ALL
SELECT 'refuses', format('conversion %s has another signature in PostgreSQL 14: drop it', c.conname)
FROM pg_conversion c WHERE c.oid >= 16384 AND :from <= 13 AND :to >= 14
UNION ALL
-- PostgreSQL 18 knows a name for each NOT NULL, and wants it in the tables that inherit it.
SELECT 'refuses', format('column %s.%s.%s may be empty, and its table inherits one that may not: ALTER TABLE ... SET NOT NULL', n.nspname, c.relname, own.attname)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute own ON own.attrelid = i.inhrelid JOIN pg_attribute its ON its.attrelid = i.inhparent AND its.attname = own.attname
WHERE its.attnum > 0 AND its.attnotnull AND NOT own.attnotnull AND :from < 18 AND :to >= 18
UNION ALL
-- What the new version does not have would leave functions without code behind. Which extensions it has, AWS says.
SELECT 'refuses', format('extension %s is not offered with PostgreSQL %s: drop it', e.extname, :to)
FROM pg_extension e WHERE e.extname <> 'plpgsql' AND e.extname <> ALL (string_to_array(:'offered', ','))
UNION ALL
SELECT 'notes', format('extension %s is %s here, and %s is the newest for the version that runs', e.extname, e.extversion, a.default_version)
FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname WHERE a.default_version <> e.extversion
UNION ALL
SELECT 'notes', format('index %s.%s is not valid and is not taken along: REINDEX INDEX CONCURRENTLY or drop it', n.nspname, c.relname)
FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT x.indisvalid AND x.indislive
ORDER BY 1 DESC, 2;
