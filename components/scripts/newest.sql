-- One JSON object: when the newest record was written, and the newest attachment that has a file. Odoo writes that into
-- each row, in UTC. A moment that has not come yet was imported, not written.
SELECT format('SELECT json_build_object(''record'', (SELECT to_char(max(at), %1$L) FROM (%2$s) AS w WHERE at <= %4$s), '
              '''file'', (SELECT to_char(max(at), %1$L) FROM (%3$s) AS w WHERE at <= %4$s))',
              'YYYY-MM-DD"T"HH24:MI:SS"Z"',
              coalesce(string_agg(format('SELECT max(write_date) AS at FROM ONLY %s', written.attrelid::regclass),
                                  ' UNION ALL '), 'SELECT NULL::timestamp AS at'),
              coalesce(max('SELECT create_date AS at FROM ir_attachment WHERE store_fname IS NOT NULL')
                         FILTER (WHERE class.oid = to_regclass('public.ir_attachment')), 'SELECT NULL::timestamp AS at'),
              'now() AT TIME ZONE ''utc''')
  FROM pg_attribute written
  JOIN pg_class class ON class.oid = written.attrelid
 WHERE written.attname = 'write_date' AND NOT written.attisdropped AND written.atttypid = 'timestamp'::regtype
   AND class.relkind = 'r' AND class.relpersistence <> 't'
   AND class.relnamespace::regnamespace::text NOT LIKE 'pg\_%' \gexec
