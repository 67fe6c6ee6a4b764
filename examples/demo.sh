#!/usr/bin/env bash
# What `make demo` shows: real events, evaluated against the reference policy. Usage: demo.sh PATH/TO/policyengine
set -euo pipefail
cd "$(dirname "$0")/.."
engine=$1
pack=rules/alc-smart-learning
events=examples/alc-month.jsonl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Exit code 1 says that something was denied and 2 that an event was malformed: both are what this month is about.
run() { "$@" || [ $? -le "${allowed:-2}" ]; }

echo "== A month at the company: $(grep -c . "$events") events, decided under $pack =="
run "$engine" evaluate "$pack" --events "$events" --format jsonl > "$work/decisions.jsonl"
test -s "$work/decisions.jsonl"
for outcome in permit deny invalid; do
  printf '  %-8s %s\n' "$outcome" "$(grep -c "\"outcome\":\"$outcome\"" "$work/decisions.jsonl" || true)"
done

echo
echo "== The first decisions, as a person reads them =="
run "$engine" evaluate "$pack" --events "$events" --format text --lang en > "$work/decisions.txt"
head -n 24 "$work/decisions.txt"

cat > "$work/mail.json" <<'JSON'
{"id": "mail-campaign", "time": "2026-11-24T09:00:00+09:00", "operation": "entrust",
 "subject": {"category": "customer"}, "items": ["name", "mobile_email"], "purpose": "product-information",
 "recipient": {"id": "mailer-kk", "service": "communication"},
 "facts": [{"type": "contract", "kind": "confidentiality", "party": "mailer-kk"}]}
JSON
echo
echo "== Why a mail campaign is denied: the contractor was never vetted =="
run "$engine" explain "$pack" --events "$work/mail.json" --lang en
echo
echo "== 同じ判断を日本語で =="
run "$engine" explain "$pack" --events "$work/mail.json" --lang ja

echo
echo "== What the policy itself leaves open =="
allowed=0 run "$engine" check "$pack" --lang en
