# The last container of a restore test: compares what was counted with what the backup says of itself, reads a
# sample of the files, and writes the result. What the container before it left was written beside whatever the
# dump ran: it is read as numbers and names, and never as a file elsewhere.
# The last line of stdout is the result; it lies in the bucket too. 0: restorable, 1: a check failed,
# 2: the test could not be made, and there is no result.
cannot() { echo "$1" >&2; exit 2; }
told=
leave() {
  status=$?
  [ "$status" = 0 ] || [ -n "$told" ] || status=2
  exit "$status"
}
trap leave EXIT
work=$FETCHED/report
mkdir -p "$work"
# take NAME: a copy of what was left under this name, or an empty file; a link would lead to what this container can read.
most_bytes=268435456
take() {
  local from=$RESTORED/$1
  : >"$work/$1"
  if [ ! -e "$from" ] && [ ! -L "$from" ]; then return; fi
  if [ -L "$from" ] || [ ! -f "$from" ] || [ "$(wc -c <"$from")" -gt "$most_bytes" ]; then
    cannot "$1: expected a file of at most $most_bytes bytes, left by the restore"
  fi
  cp "$from" "$work/$1"
}
for name in measured counted tables sequences named sample newest; do take "$name"; done
number() { printf '%d' "$(wc -l <"$1")"; }

export LC_ALL=C
cd "$work"
for name in copied sha256 reading ended; do [ -e "$FETCHED/$name" ] || : >"$FETCHED/$name"; done
sort -t$'\t' -k1,1 -o named named
join -t$'\t' named "$FETCHED/copied" >there
join -t$'\t' -v 1 named "$FETCHED/copied" | cut -f1 | sed 's/$/: missing/' >missing
awk -F'\t' '$2 > 0' there >sized
awk -F'\t' '$2 != $3 { printf "%s: %s bytes, expected %s\n", $1, $3, $2 }' sized >odd
: >sums
grep -E '^[0-9a-f]{2}/[0-9a-f]{40}$' sample >names || true
# What an upload's archive lacked is told above; its contents are nowhere.
if jq -e '.imported? // empty' "$FETCHED/manifest" >/dev/null 2>&1; then
  cut -f1 there | comm -12 <(sort names) - >sampled
  mv sampled names
fi
for folder in $(cut -d/ -f1 names | uniq); do
  aws s3 cp --recursive "s3://$BUCKET/filestores/$PREFIX/$folder/" "files/$folder/" --only-show-errors >&2
  awk -F/ -v folder="$folder" '$1 == folder { print $2 "  " $0 }' names >expected
  (cd files && sha1sum --check ../expected 2>/dev/null || true) >>sums
  rm -rf "files/$folder"
done
grep -v ': OK$' sums >altered || true

started_at=$(cat "$FETCHED/started")
jq -nc --arg tenant "$TENANT" --rawfile backup "$FETCHED/backup" --arg started_at "$started_at" \
  --arg finished_at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --argjson seconds "$(($(date +%s) - $(cat "$FETCHED/began")))" \
  --argjson dump_bytes "$([ -e "$FETCHED/dump" ] && wc -c <"$FETCHED/dump" || echo 0)" \
  --argjson file_bytes "$(awk -F'\t' '{ sum += $2 } END { printf "%d", sum }' "$FETCHED/copied")" \
  --argjson named "$(number named)" --argjson there "$(number there)" --argjson sized "$(number sized)" \
  --argjson odd "$(number odd)" --argjson copied "$(number "$FETCHED/copied")" \
  --argjson sampled "$(number names)" --argjson good "$(grep -c ': OK$' sums || true)" \
  --rawfile sha256 "$FETCHED/sha256" --rawfile reading "$FETCHED/reading" \
  --rawfile missing missing --rawfile different odd --rawfile altered altered \
  --slurpfile fetched "$FETCHED/checks" --rawfile manifest "$FETCHED/manifest" \
  --rawfile ended "$FETCHED/ended" --argjson began "$(cat "$FETCHED/began")" --slurpfile newest newest \
  --slurpfile measured measured --slurpfile counted counted --slurpfile tables tables --slurpfile sequences sequences '
  def short: tostring | .[:500];
  def whole: if type == "number" and . >= 0 and . < 1e15 and . == floor then .
    else error("measured: expected a whole number, found \(short)") end;
  def moment: if type == "string" and test("^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z$") then . else "" end;
  def check($name; $expected; $found; $ok; $differences):
    {$name, expected: ($expected | short), found: ($found | short), $ok}
    + (if $differences == [] then {} else {differences: ($differences[:20] | map(short))} end);
  def same($name; $expected; $found; $differences): check($name; $expected; $found; $expected == $found; $differences);
  def lines: split("\n") | map(select(. != ""));
  def final: lines | if . == [] then "no reason" else .[-1] end;
  ($manifest | try fromjson catch null) as $told | $measured[0] as $seen | $counted[0] as $counts

  | def restored:
      ($sha256 | lines | first // "unreadable: \($reading | final)") as $sum
      | same("dump"; $told.sha256; $sum; []),
        (if $seen == null then empty
         else same("restored"; "no error"; (if $seen.error == "" then "no error" else $seen.error end); []) end);

  def odoo: same("odoo"; "the tables of Odoo"; (if $seen.odoo then "the tables of Odoo" else "not all of them" end); []);

  def people:
      same("base"; "installed"; $counts.base // ""; []),
      check("users"; "at least 1"; $counts.users; ($counts.users // 0) > 0; []);

  def rows:
      $told.tables as $expected | ($tables | map({(.table): .}) | add // {}) as $found
      | def differing(key): [$expected + $found | keys[] | select($expected[.][key] != $found[.][key])
          | "\(.): \($found[.][key] // "none"), expected \($expected[.][key] // "none")"];
      differing("rows") as $rows | differing("highest") as $highest
      | ([$expected[] | select(.highest != null)] | length) as $ids
      | check("rows"; "\([$expected[].rows] | add // 0) in \($expected | length) tables";
          "\([$found[].rows] | add // 0) in \($found | length) tables"; $rows == []; $rows),
        same("highest ids"; $ids; $ids - ($highest | length); $highest);

  def numbers:
      $told.sequences as $expected | ($sequences[0] // {}) as $found
      | [$expected + $found | keys[] | select($expected[.] == null or $found[.] == null
            or $found[.] < $expected[.].lowest or $found[.] > $expected[.].highest)
          | "\(.): \($found[.] // "none"), expected \($expected[.] | if . == null then "none"
              elif .lowest == .highest then .lowest else "\(.lowest) to \(.highest)" end)"] as $differing
      | same("sequences"; $expected | length; ($expected | length) - ($differing | length); $differing);

  # An upload has what its archive had: what that lacked is named, and can be had nowhere else.
  def files:
      check("attachments"; $named; $there; $named == $there or $told.imported != null; $missing | lines),
      same("attachment sizes"; $sized; $sized - $odd; $different | lines),
      check("filestore"; "at least \($told.filestore_files) files"; "\($copied) files"; $copied >= $told.filestore_files; []),
      same("attachment contents"; $sampled; $good; $altered | lines);

  # What comes later says nothing where something before it is wrong.
  [$fetched[], (if $fetched | all(.ok) then restored else empty end)]
  | (if all(.ok) then [.[], odoo] else . end)
  | (if all(.ok) and any(.name == "odoo") then [.[], people, (if $told.counted == false then empty else rows, numbers end), files] else . end) as $checks
  | ($told.started? // "") as $taken_at
  | {$tenant, $backup, $taken_at, $started_at, $finished_at, $seconds,
     rpo_seconds: (try ($began - ($taken_at | fromdateiso8601)) catch null),
     newest_record_at: ($newest[0].record? | moment), newest_file_at: ($newest[0].file? | moment),
     fetch_seconds: (try (($ended | tonumber) - $began) catch null), restore_seconds: ($seen.restore_seconds // 0 | whole), $dump_bytes, database_bytes: ($seen.database_bytes // 0 | whole), $file_bytes,
     $checks, result: (if $checks | all(.ok) then "ok" else "failed" end)}' >result
# Who restores the backup of another tenant reads there and writes nothing: its results have another place.
[ "${KEEP_RESULT:-yes}" != yes ] || aws s3 cp - "s3://$BUCKET/manifests/${RESULTS:-$PREFIX/restore-tests}/$started_at.json" <result >&2
told=yes
cat result
grep -q '"result":"ok"}$' result || exit 1
