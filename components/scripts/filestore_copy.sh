# Copies a tenant's directory to another file system and checks that the copy lacks nothing.
# Odoo names a file by the SHA-1 of what is in it, so the copy can be checked against the names; but for the
# markers in `checklist`, which are empty and named like the file they mark. Safe to run again.
export LC_ALL=C
work=/tmp/move
mkdir -p "$work"
cannot() { echo "$1" >&2; exit 1; }
listed() { (cd "$1" && find . -type f -printf '%P\t%s\n' | sort); }
# Nothing is copied from, or over, the files of somebody else. Without a mark the target holds nothing, or what a copy
# of these files had begun before there were marks.
for place in "$SOURCE" "$TARGET"; do
  [ ! -s "$place/.costack-owner" ] || [ "$(cat "$place/.costack-owner")" = "$OWNER" ] \
    || cannot "the files in $place belong to $(cat "$place/.costack-owner"), and this tenant is $OWNER: nothing was copied"
done
listed "$SOURCE" >"$work/before"
if [ ! -s "$TARGET/.costack-owner" ]; then
  listed "$TARGET" | cut -f1 >"$work/there"
  strange=$(cut -f1 "$work/before" | comm -13 - "$work/there" | grep -cv '^\.costack-owner\.new$' || true)
  [ "$strange" = 0 ] || cannot "$TARGET holds $strange files without an owner's mark that are not in $SOURCE: they may be somebody else's, so nothing was copied; remove them, or, if you know that they are this tenant's, write $OWNER into .costack-owner there"
  printf '%s' "$OWNER" >"$TARGET/.costack-owner.new"
  mv "$TARGET/.costack-owner.new" "$TARGET/.costack-owner"
fi
tar -C "$SOURCE" -cf - . | tar -C "$TARGET" --no-overwrite-dir -xf -
listed "$SOURCE" >"$work/after"
cmp -s "$work/before" "$work/after" || cannot "files changed in $SOURCE while they were copied: nobody may work with them now"
listed "$TARGET" | comm -23 "$work/before" - | cut -f1 >"$work/missing"
[ ! -s "$work/missing" ] || cannot "$(wc -l <"$work/missing") files are missing or have another size in the copy, such as $(head -1 "$work/missing")"
cut -f1 "$work/before" | grep -E '(^|/)[0-9a-f]{40}$' | grep -vE '(^|/)checklist/' | sed 's|^\(.*/\)\?\([^/]*\)$|\2  &|' >"$work/sums" || true
if [ -s "$work/sums" ] && ! (cd "$TARGET" && sha1sum --check --quiet --strict "$work/sums" >&2); then
  cannot "files in the copy are not what their names say; it is not used"
fi
jq -nc --argjson files "$(wc -l <"$work/before")" --argjson checked "$(wc -l <"$work/sums")" \
  --argjson bytes "$(awk -F'\t' '{ sum += $2 } END { printf "%d", sum }' "$work/before")" '{$files, $checked, $bytes, result: "ok"}'
