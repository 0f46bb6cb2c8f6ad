#!/bin/sh
# Brings a fresh clone to the point where our TypeScript runs (npm packages, Node 24, generated code), then runs
# the command given. Node >= 20 and npm are all it needs; it does nothing when everything is in place.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .cache

started=0
begin() { started=$(date +%s); echo "  … $1"; }
end() { echo "  ✓ $1 ($(($(date +%s) - started)) s)"; }

want=$(cat package-lock.json package.json | cksum)
if [ "$want" != "$(cat .cache/npm-installed 2>/dev/null || true)" ] || [ ! -x node_modules/.bin/node ]; then
  begin "npm packages and Node 24 (once, about a minute)"
  npm ci --no-audit --no-fund --loglevel=error
  echo "$want" > .cache/npm-installed
  end "npm packages and Node 24"
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH

protos=$(find libraries/protocol/proto libraries/protocol/buf.gen.yaml -type f -exec cat {} + | cksum)
if [ "$protos" != "$(cat .cache/protos-generated 2>/dev/null || true)" ] || [ ! -d libraries/protocol/src/gen ]; then
  begin "gRPC code from the proto files"
  rm -rf libraries/protocol/src/gen
  npm run --silent generate
  echo "$protos" > .cache/protos-generated
  end "gRPC code from the proto files"
fi

# What the API's document is made from, and what makes the client's types of it.
api=$(cat libraries/api-schema/src/*.ts control-plane/metal-api/rest/*.ts control-plane/metal-api/*/routes*.ts \
  clients/sdk/generate.ts clients/sdk/generator/*.ts clients/sdk/examples/*.ts | cksum)
if [ "$api" != "$(cat .cache/sdk-generated 2>/dev/null || true)" ] || [ ! -d clients/sdk/src/gen ]; then
  begin "the client's types from the API's document"
  node clients/sdk/generate.ts
  echo "$api" > .cache/sdk-generated
  end "the client's types from the API's document"
fi
exec "$@"
