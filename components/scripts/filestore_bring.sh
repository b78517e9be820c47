# Brings the files named in WANTED from the copy in the bucket into FILESTORE, by way of STAGED on the same file system:
# each lies where Odoo looks for it whole, or not at all. What is there already is not replaced.
#
# Odoo names a file by the SHA-1 of what is in it: what comes from the bucket is checked against its name.
export LC_ALL=C
rm -rf "$STAGED"
mkdir -p "$STAGED"
# A name is what somebody wrote into the database: only one that Odoo gives leads to the bucket or to a place here.
awk -F/ 'NF == 2 && $1 ~ /^[0-9a-f][0-9a-f]$/ && $2 ~ /^[0-9a-f]+$/ && length($2) == 40 && substr($2, 1, 2) == $1' \
  "$WANTED" | sort -u >"$STAGED/wanted"
few=8
while read -r number folder; do
  mkdir -p "$STAGED/$folder" "$FILESTORE/$folder"
  grep "^$folder/" "$STAGED/wanted" >"$STAGED/folder"
  if [ "$number" -gt "$few" ]; then
    aws s3 cp --recursive "s3://$BUCKET/filestores/$PREFIX/$folder/" "$STAGED/$folder/" --only-show-errors </dev/null >&2
  else
    while read -r name; do
      aws s3 cp "s3://$BUCKET/filestores/$PREFIX/$name" - >"$STAGED/$name" </dev/null || rm -f "$STAGED/$name"
    done <"$STAGED/folder"
  fi
  while read -r name; do
    if [ -f "$STAGED/$name" ] && [ "$(sha1sum <"$STAGED/$name" | cut -d' ' -f1)" = "${name#*/}" ]; then
      mv -n "$STAGED/$name" "$FILESTORE/$name"
    fi
  done <"$STAGED/folder"
  rm -rf "${STAGED:?}/$folder"
done < <(cut -d/ -f1 "$STAGED/wanted" | uniq -c)
rm -rf "$STAGED"
