# Removes what lies in a tenant's directory: an access point that is deleted leaves its directory behind.
# The owner's mark goes last, so that a run that was killed leaves no files without one.
owners=/var/lib/odoo/.costack-owner
if [ -s "$owners" ] && [ "$(cat "$owners")" != "$OWNER" ]; then
  echo "the files in this tenant's directory belong to $(cat "$owners"), and this tenant is $OWNER: nothing was removed" >&2
  exit 1
fi
find /var/lib/odoo -mindepth 1 ! -path "$owners" -delete
rm -f "$owners"
left=$(find /var/lib/odoo -mindepth 1 | wc -l)
[ "$left" -eq 0 ]
echo "the filestore is empty"
