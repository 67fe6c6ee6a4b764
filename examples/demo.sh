#!/usr/bin/env bash
# What `make demo` shows: real events, evaluated against the reference policy. Usage: demo.sh PATH/TO/policyengine
set -euo pipefail
engine=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.."
pack=rules/alc-smart-learning
events=examples/alc-month.jsonl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Some events of this month are denied (1) and some are malformed (2), and the exit codes say so: any other code is a failure.
expecting() {
  local expected=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" -eq "$expected" ] || { echo "exit code $code in the place of $expected: $*" >&2; exit 1; }
}

echo "== A month at the company: $(grep -c . "$events") events, decided under $pack =="
expecting 2 "$engine" evaluate "$pack" --events "$events" --format jsonl > "$work/decisions.jsonl"
[ "$(grep -c . "$work/decisions.jsonl")" -eq "$(grep -c . "$events")" ]
for outcome in permit deny invalid; do
  printf '  %-8s %s\n' "$outcome" "$(grep -c "\"outcome\":\"$outcome\"" "$work/decisions.jsonl")"
done

echo
echo "== Its first days, as a person reads them =="
head -n 7 "$events" | expecting 1 "$engine" evaluate "$pack" --events - --format text --lang en

grep '"id": *"m-022"' "$events" > "$work/mail.jsonl"
echo
echo "== Why a mail campaign is denied since nobody vetted the contractor =="
expecting 1 "$engine" explain "$pack" --events "$work/mail.jsonl" --lang en
echo
echo "== 同じ判断を日本語で =="
expecting 1 "$engine" explain "$pack" --events "$work/mail.jsonl" --lang ja

echo
echo "== What the policy itself leaves open =="
expecting 0 "$engine" check "$pack" --lang en 2>&1

echo
echo "== The joint use of the reference policy under the law: on 31 March 2022, and on the day after =="
expecting 1 "$engine" evaluate "$pack" rules/appi --events examples/joint-use-2022.jsonl --format text --lang en
