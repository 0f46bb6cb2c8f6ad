#!/bin/sh
# Brings a fresh clone to the point where our TypeScript runs (npm packages, Node 24, generated code), then runs
# the command given. Node >= 20 and npm are all it needs; it does nothing when everything is in place.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .cache
want=$(cat package-lock.json package.json | cksum)
have=$(cat .cache/npm-installed 2>/dev/null || true)
if [ "$want" != "$have" ] || [ ! -x node_modules/.bin/node ]; then
  echo "setting up: npm packages (once, about a minute)"
  npm ci --no-audit --no-fund --loglevel=error
  echo "$want" > .cache/npm-installed
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
protos=$(find libraries/protocol/proto libraries/protocol/buf.gen.yaml -type f -exec cat {} + | cksum)
if [ "$protos" != "$(cat .cache/protos-generated 2>/dev/null || true)" ] || [ ! -d libraries/protocol/src/gen ]; then
  echo "setting up: generated gRPC code"
  rm -rf libraries/protocol/src/gen
  npm run --silent generate
  echo "$protos" > .cache/protos-generated
fi
exec "$@"
