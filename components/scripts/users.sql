-- As Odoo counts the users it reports to its publisher (mail/models/update.py of 17.0 to 19.0): active, and neither
-- portal nor public. Where the table is not Odoo's, nobody was counted, which is null and not 0.
SELECT count(*) = 2 AS countable FROM pg_attribute
 WHERE attrelid = to_regclass('public.res_users') AND attname IN ('active', 'share') AND NOT attisdropped \gset
\if :countable
SELECT count(*) FROM public.res_users WHERE active AND share IS NOT TRUE;
\else
SELECT 'null';
\endif
