# Neutralises the side database that an upgrade is rehearsed on, with the Odoo that it is of: the command must not find
# mail servers, payment providers or scheduled actions that work. It ends as neutralised.sh does where any is left.
[ "$REHEARSES" = yes ] || { echo "this is no rehearsal: nothing is neutralised"; exit 0; }
exec /bin/bash -euo pipefail -c "$NEUTRALISED"
