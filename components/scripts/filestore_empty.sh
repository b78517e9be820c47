# Removes what lies in a tenant's directory: an access point that is deleted leaves its directory behind.
find /var/lib/odoo -mindepth 1 -delete
left=$(find /var/lib/odoo -mindepth 1 | wc -l)
[ "$left" -eq 0 ]
echo "the filestore is empty"
