# Makes SQL of a dump that the server of SERVER_VERSION reads (as `server_version_num`): of one in pg_dump's own format,
# a file or stdin, or of a file with compressed SQL, as uploads are kept.
# As SQL, because pg_restore 17 and later set parameters that older servers do not know; they stand before the data.
# PostgreSQL 18 writes "NOT NULL id" as a line of its own for tables that inherit, as Odoo's actions do. Older ones
# read it behind the column only, so it is said again when the table is there.
readable=(cat)
[ "$SERVER_VERSION" -ge 180000 ] || readable=(awk '
  /^COPY .* FROM stdin;$/ { data = 1 }
  data { print; if ($0 == "\\.") data = 0; next }
  /^CREATE (UNLOGGED )?TABLE / {
    inside = 1; table = $0; sub(/^CREATE (UNLOGGED )?TABLE /, "", table); sub(/ \($/, "", table)
  }
  inside && /^    (CONSTRAINT ("[^"]*"|[^ "]+) )?NOT NULL ("[^"]*"|[^ ",]+),?$/ {
    column = $0; sub(/^.*NOT NULL /, "", column); sub(/,$/, "", column)
    later = later "ALTER TABLE ONLY " table " ALTER COLUMN " column " SET NOT NULL;\n"
    next
  }
  inside {
    if ($0 ~ /^\)/) sub(/,$/, "", held)
    if (held != "") print held
    held = $0
    if ($0 ~ /;$/) { print held; printf "%s", later; held = later = ""; inside = 0 }
    next
  }
  { print }')
# SQL from elsewhere may hold commands of psql, which would run here: psql runs none between these two lines.
as_it_is() {
  local key
  key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "\\restrict $key"
  gzip --decompress --stdout "$1"
  echo "\\unrestrict $key"
}
read_from=(pg_restore --no-owner --no-acl --file=- "$@")
if [ -n "${1:-}" ] && [ "$(head -c 2 "$1" | od -An -tx1 | tr -d ' \n')" = 1f8b ]; then read_from=(as_it_is "$1"); fi
"${read_from[@]}" | sed '1,40{/^SET transaction_timeout = 0;$/d}' | "${readable[@]}"
