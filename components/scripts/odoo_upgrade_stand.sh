# What stands in a side database that is upgraded, as one JSON object on stdout: its version of Odoo, its modules, the
# users that people work as, and the rows of every table. Counted before and after, so that both can be compared.
counted=$(mktemp -d)
psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 <<SQL >"$counted/modules"
SELECT json_build_object('base', (SELECT latest_version FROM ir_module_module WHERE name = 'base'),
  'installed', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM ir_module_module WHERE state = 'installed'),
  'waiting', (SELECT coalesce(json_agg(format('%s is %L', name, state) ORDER BY name), '[]')
                FROM ir_module_module WHERE state LIKE 'to %'));
\o $counted/users
$USERS_SQL
\o $counted/tables
$MEASURE_SQL
SQL
jq -c --slurpfile users "$counted/users" --slurpfile tables "$counted/tables" \
  '. + {users: $users[0], tables: ($tables | map({(.table | ltrimstr("public.")): .rows}) | add)}' "$counted/modules"
rm -rf "$counted"
