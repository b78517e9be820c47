# The container of a rehearsal between restore and start: brings every file that the restored database names from the
# copy in the second region to where Odoo will look for it, each checked against its name. It has the role, and runs
# nothing of what was restored: the names are read as text.
export LC_ALL=C
# Odoo is another user of the same group, and writes beside what it finds.
umask 002
date +%s >"$FETCHED/restored"
filestore=$FILES/filestore/restored
mkdir -p "$filestore"
names=$FETCHED/names
: >"$names"
if [ -f "$RESTORED/named" ] && [ ! -L "$RESTORED/named" ]; then cut -f1 "$RESTORED/named" | sort -u >"$names"; fi
WANTED=$names STAGED=$FILES/staged FILESTORE=$filestore bash -euo pipefail -c "$BRING"
(cd "$filestore" && find . -type f -printf '%P\n' | sort) | comm -23 "$names" - >"$FETCHED/lacking"
date +%s >"$FETCHED/brought"
