-- One JSON object a line for every table that pg_dump writes: its rows, and the highest `id` where it has one.
SELECT format('SELECT json_build_object(''table'', %L, ''rows'', count(*), ''highest'', %s) FROM ONLY %s',
              format('%I.%I', schema.nspname, class.relname),
              CASE WHEN id.attnum IS NULL THEN 'NULL' ELSE 'max(id)' END,
              format('%I.%I', schema.nspname, class.relname))
  FROM pg_class class
  JOIN pg_namespace schema ON schema.oid = class.relnamespace
  LEFT JOIN pg_attribute id ON id.attrelid = class.oid AND id.attname = 'id' AND NOT id.attisdropped
        AND id.atttypid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
 WHERE class.relkind = 'r' AND class.relpersistence <> 't'
   AND schema.nspname <> 'information_schema' AND schema.nspname NOT LIKE 'pg\_%'
   AND NOT EXISTS (SELECT FROM pg_depend part
                    WHERE part.classid = 'pg_class'::regclass AND part.objid = class.oid AND part.deptype = 'e')
 ORDER BY schema.nspname, class.relname \gexec
SELECT json_build_object('table', 'large objects', 'rows', count(*), 'highest', NULL) FROM pg_largeobject_metadata;
