#!/bin/sh
# on-stack.sh [--if-up] COMMAND…: runs the command with the settings of the local stack (.log-router-stack/env), which must run.
# --if-up: runs it as it is where no stack runs, where the environment names other settings, and where nothing on s3:// is asked for.
set -eu
cd "$(dirname "$0")/.."
settings=${STACK_FOLDER:-.log-router-stack}/env

if [ "${1:-}" = --if-up ]; then
  shift
  case "${LOG_ROUTER_CONFIG:-}${LOG_ROUTER_AWS_ROUTED_BUCKET:-} $*" in
    \ *s3://*) ;;
    *) exec "$@" ;;
  esac
  node localstack/stack.ts status >/dev/null || exec "$@"
  echo 'on the local stack' >&2
elif ! node localstack/stack.ts status >/dev/null; then
  echo 'the local stack does not run: make up' >&2
  exit 2
fi
. "$settings"
exec "$@"
