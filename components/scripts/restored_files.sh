# Says which files the database of MOMENT names, and where each is: in the tenant's directory, in the copy in the bucket, or
# nowhere, because it came and went between two backups. It changes nothing and ends nothing: people decide before the
# switch. What the container before it left was written beside whatever the database runs: it is read as names only.
cannot() { echo "$1" >&2; exit 1; }
export LC_ALL=C
work=/tmp/files
mkdir -p "$work"
most_bytes=268435456
for name in named counted; do
  if [ -L "$RESTORED/$name" ] || [ ! -f "$RESTORED/$name" ] || [ "$(wc -c <"$RESTORED/$name")" -gt "$most_bytes" ]; then
    cannot "$name: expected a file of at most $most_bytes bytes, left by the copy"
  fi
done
sort -u "$RESTORED/named" >"$work/named"
{ [ ! -d "$FILES/filestore/$DATABASE" ] || find "$FILES/filestore/$DATABASE" -type f ! -path '*/checklist/*' -printf '%P\n'; } | sort >"$work/here"
comm -23 "$work/named" "$work/here" >"$work/away"
if [ -s "$work/away" ]; then
  aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "filestores/$PREFIX/" --query 'Contents[].[Key,Size]' --output text \
    | sed '/^None/d' | cut -f1 | sed "s|^filestores/$PREFIX/||" | sort >"$work/copied"
else
  : >"$work/copied"
fi
comm -23 "$work/away" "$work/copied" >"$work/nowhere"
if [ -s "$work/nowhere" ]; then
  echo "$(wc -l <"$work/nowhere") files that the database of $MOMENT names are neither in the tenant's directory nor in the copy in $BUCKET; they came and went between two backups:" >&2
  head -20 "$work/nowhere" >&2
fi
jq -nc --arg moment "$MOMENT" --argjson named "$(wc -l <"$work/named")" --argjson away "$(wc -l <"$work/away")" \
  --argjson nowhere "$(wc -l <"$work/nowhere")" --rawfile missing "$work/nowhere" --slurpfile counted "$RESTORED/counted" '
  def whole: if type == "number" and . >= 0 and . < 1e15 and . == floor then . else error("expected a whole number, found \(tostring[:500])") end;
  def moment: if type == "string" and test("^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z$") then . else "" end;
  {tenant: env.TENANT, point_in_time: $moment, tables: ($counted[0].tables | whole), rows: ($counted[0].rows | whole),
   copy_seconds: ($counted[0].seconds | whole), newest_record_at: ($counted[0].newest | moment),
   files: {$named, from_bucket: ($away - $nowhere), $nowhere,
     missing: ($missing | split("\n") | map(select(. != ""))[:20] | map(.[:500]))}, result: "ok"}'
