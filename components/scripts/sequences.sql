-- Where every sequence stands, 0 when it was never asked. No snapshot holds a sequence: it is read, not remembered.
SELECT coalesce(json_object_agg(format('%I.%I', schemaname, sequencename), coalesce(last_value, 0)), '{}')
  FROM pg_sequences;
