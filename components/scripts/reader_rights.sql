-- Lets a login for reports read what is in the tenant's tables and views, column by column: never one whose name says
-- that it holds a secret, and no table that is made of them. What a module adds later is closed until this runs again.
BEGIN;
SET LOCAL client_min_messages = warning;
GRANT CONNECT ON DATABASE :"db" TO :"reader";
GRANT USAGE ON SCHEMA public TO :"reader";
-- Of tables that an extension brought along nobody but their owner may take anything.
SELECT format('REVOKE ALL ON %I.%I FROM %I', 'public', relname, :'reader') FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND pg_get_userbyid(relowner) = current_user \gexec
SELECT format('GRANT SELECT (%s) ON %I.%I TO %I', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
              'public', c.relname, :'reader')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
   AND pg_get_userbyid(c.relowner) = current_user
   AND c.relname !~ '^(ir_config_parameter|res_users_apikeys.*|auth_.*|payment_provider|payment_acquirer|payment_token|iap_account|(.*_)?certificate(_.*)?|mail_push_.*|bus_.*)$'
   AND a.attname !~* '(passw|passphrase|secret|token|api_?key|private_?key|smtp_pass|credential|otp)|^pin$'
 GROUP BY c.relname \gexec
COMMIT;
