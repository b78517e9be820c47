# The last container of a rehearsal: checks what was restored as a restore test does, asks Odoo for its login page, and
# writes the result with what each phase took. It asks by itself and by its own clock: what runs on the restored data
# says nothing of how fast it was. The last line of stdout is the result; it lies in the second region's bucket too.
# 0: Odoo answered on what was restored, 1: a check failed, 2: the rehearsal could not be made.
cannot() { echo "$1" >&2; exit 2; }
told=
leave() {
  status=$?
  : >"$FETCHED/over"
  [ "$status" = 0 ] || [ -n "$told" ] || status=2
  exit "$status"
}
trap leave EXIT
trap 'exit 2' INT TERM
page() {
  (exec 3<>"/dev/tcp/127.0.0.1/$HTTP_PORT" && printf 'GET /web/login HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 \
    && timeout 10 head -n 1 <&3 | tr -d '\r') 2>/dev/null | head -c 200 || true
}
until_seconds=$((SECONDS + PATIENCE_SECONDS))
answer=
answered=null
while [ "$SECONDS" -lt "$until_seconds" ]; do
  answer=$(page)
  case $answer in HTTP/*" 200"*) answered=$(date +%s); break ;; esac
  if [ -f "$ENDED/ended" ] && [ ! -L "$ENDED/ended" ]; then answer=$(head -c 300 "$ENDED/ended"); break; fi
  sleep 0.2
done
checked=$FETCHED/checked
code=0
KEEP_RESULT=no /bin/bash -euo pipefail -c "$CHECKS" >"$checked" || code=$?
[ "$code" = 0 ] || [ "$code" = 1 ] || cannot "the restored data could not be checked"
began=$(cat "$FETCHED/began")
for name in ended restored brought; do [ -s "$FETCHED/$name" ] || echo null >"$FETCHED/$name"; done
[ "$ASKED" -le "$began" ] || cannot "the clock of this cluster is $((ASKED - began)) s behind the one of who asked: nothing can be measured; set both by NTP"
neutralised=no
[ ! -e "$ENDED/neutralised" ] || neutralised=yes
jq -c --arg region "$REGION" --arg finished_at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg neutralised "$neutralised" --arg answer "$answer" \
  --argjson asked "$ASKED" --argjson lag "${STANDBY_LAG:-null}" --argjson began "$began" --argjson answered "$answered" --slurpfile fetched "$FETCHED/ended" \
  --slurpfile restored "$FETCHED/restored" --slurpfile brought "$FETCHED/brought" \
  --argjson names "$(wc -l <"$FETCHED/names")" --argjson lacking "$(wc -l <"$FETCHED/lacking")" --rawfile missing "$FETCHED/lacking" '
  def check($name; $expected; $found; $differences):
    {$name, expected: ($expected | tostring), found: ($found | tostring | .[:500]), ok: ($expected == $found)}
    + (if $differences == [] then {} else {differences: ($differences[:20] | map(.[:500]))} end);
  def whole: all(.[]; type == "number");
  ($missing | split("\n") | map(select(. != ""))) as $missing
  | [$asked, $began, $fetched[0], $restored[0], $brought[0], $answered] as $at
  | (if $at | whole then {wait: ($at[1] - $at[0]), fetch: ($at[2] - $at[1]), restore: ($at[3] - $at[2]),
      files: ($at[4] - $at[3]), start: ($at[5] - $at[4])} else null end) as $phases
  | (.checks + (if .result != "ok" then [] else [
      check("files in place"; $names; $names - $lacking; $missing),
      check("neutralised"; "yes"; $neutralised; []),
      check("login page"; "status 200"; (if $answered == null then (if $answer == "" then "no answer" else $answer end) else "status 200" end); [])] end)) as $checks
  | {version: 1, tenant, region: $region, way: "copy", backup, taken_at, asked_at: ($asked | todateiso8601), started_at, finished_at: $finished_at,
     rto_seconds: (if $phases == null then null else ($phases | add) end),
     rpo_seconds: (try ($asked - (.taken_at | fromdateiso8601)) catch null), standby_lag_seconds: $lag,
     phases: $phases, newest_record_at, newest_file_at, dump_bytes, database_bytes, file_bytes, files: ($names - $lacking),
     checks: $checks, result: (if $checks | all(.ok) then "ok" else "failed" end)}' "$checked" >"$FETCHED/rehearsed"
aws s3 cp - "s3://$BUCKET/manifests/$PREFIX/rehearsals/$(jq -r .started_at "$FETCHED/rehearsed").json" <"$FETCHED/rehearsed" >&2
told=yes
cat "$FETCHED/rehearsed"
grep -q '"result":"ok"}$' "$FETCHED/rehearsed" || exit 1
