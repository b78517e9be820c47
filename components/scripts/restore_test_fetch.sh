# The first container of a restore test and of a restore: finds the tenant's newest complete backup, the one named, or
# that with the mark LAST or ASKED_FOR, and lays it out for those after it. It alone reads the dump from the bucket, and it runs nothing of it.
# 2: the test cannot be made. What is wrong with the backup itself is a failed check, for the report to tell.
cannot() { echo "$1" >&2; exit 2; }
for tool in jq aws; do
  command -v "$tool" >/dev/null || cannot "the operations image has no $tool: docs/odoo-images.md says what it must contain"
done
date -u +%Y-%m-%dT%H:%M:%SZ >"$FETCHED/started"
date +%s >"$FETCHED/began"
# Keys and sizes, a tab between them; the AWS CLI says None when there are none.
objects() {
  aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "$1" --query 'Contents[].[Key,Size]' --output text | sed '/^None/d'
}

objects "manifests/$PREFIX/" | cut -f1 | sed -n "s|^manifests/$PREFIX/\([^/]*\)\.json\$|\1|p" | LC_ALL=C sort >"$FETCHED/backups"
# Times are written so that they sort as text. With NOT_AFTER it is the newest of that moment or before.
BACKUP=${BACKUP:-$(awk -v most="${NOT_AFTER:-}" 'most == "" || $0 "" <= most ""' "$FETCHED/backups" | tail -1)}
if [ -n "${LAST:-}${ASKED_FOR:-}" ]; then
  # The one that was made just before, whatever clocks say: it has this mark.
  BACKUP=
  said='.last // ""'
  [ -n "${LAST:-}" ] || said='.asked_for // ""'
  while [ -z "$BACKUP" ] && read -r each; do
    mark=$(aws s3 cp "s3://$BUCKET/manifests/$PREFIX/$each.json" - | jq -r "$said")
    [ "$mark" != "${LAST:-$ASKED_FOR}" ] || BACKUP=$each
  done < <(tac "$FETCHED/backups")
fi
printf '%s' "$BACKUP" >"$FETCHED/backup"
dump=s3://$BUCKET/dumps/$PREFIX/$BACKUP.dump
found=none
: >"$FETCHED/manifest"
if grep -Fxq -- "$BACKUP" "$FETCHED/backups"; then
  found=$BACKUP
  aws s3 cp "s3://$BUCKET/manifests/$PREFIX/$BACKUP.json" - >"$FETCHED/manifest"
fi

# Each check only where the ones before it are good. Backups that are older than owner's marks have none.
jq -nR --arg backup "${BACKUP:-a complete backup${NOT_AFTER:+ of $NOT_AFTER or before}}" --arg found "$found" --arg tenant "$TENANT" --arg owner "$OWNER" \
  --arg dump "$dump" --rawfile text "$FETCHED/manifest" '
  def check($name; $expected; $seen; $ok): {$name, expected: ($expected | tostring), found: ($seen | tostring), $ok};
  # A copy in another region names the bucket that it was copied from.
  def key: tostring | sub("^s3://[^/]*/"; "");
  def counted: if (.tables | type) == "object" and (.sequences | type) == "object" and (.postgresql | type) == "number"
    then "counts of every table" else "no counts" end;
  ($text | try fromjson catch null) as $told
  | (if ($told | type) != "object" then "no JSON" else ($told | counted) end) as $says
  | ($told | if type == "object" then . else {} end) as $told
  | [check("backup"; $backup; $found; $backup == $found),
     check("manifest"; "counts of every table"; $says; $says == "counts of every table"),
     check("tenant"; $tenant; $told.tenant; $told.tenant == $tenant),
     check("owner"; $owner; $told.owner // "no mark"; ($told.owner // $owner) == $owner),
     check("place"; $dump; $told.dump; ($told.dump | key) == ($dump | key))]
  | .[:(map(.ok) | index(false) // length) + 1][]' >"$FETCHED/checks"
jq -es 'all(.ok)' "$FETCHED/checks" >/dev/null || exit 0

if aws s3 cp "$dump" - >"$FETCHED/dump" 2>"$FETCHED/reading"; then
  sha256sum "$FETCHED/dump" | cut -d' ' -f1 >"$FETCHED/sha256"
else
  rm "$FETCHED/dump"
fi
# The copy of the filestore only grows: it holds what this backup names, and what others do.
objects "filestores/$PREFIX/" | sed "s|^filestores/$PREFIX/||" | LC_ALL=C sort -t$'\t' -k1,1 >"$FETCHED/copied"
date +%s >"$FETCHED/ended"
