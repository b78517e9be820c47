# A container of a rehearsal beside Odoo: the server that was restored into, for as long as the rehearsal lasts. It has no
# role and no credentials, listens on a socket in the pod only, and ends when the report is made.
server=$RESTORED/server
[ -d "$server" ] || exit 0
if ! command -v pg_ctl >/dev/null; then
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
  PATH=$newest:$PATH
fi
trap 'pg_ctl --pgdata="$server" stop --mode=immediate >/dev/null 2>&1 || true' EXIT
trap 'exit 0' INT TERM
env -i PATH="$PATH" pg_ctl --pgdata="$server" --log="$RESTORED/log" --wait start >&2
until [ -e "$FETCHED/over" ]; do sleep 0.5; done
