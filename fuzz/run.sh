#!/bin/sh
# run.sh TARGET SECONDS [libFuzzer's arguments]: see README.md.
set -eu
cd "$(dirname "$0")"
target=$1 seconds=$2
shift 2
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
export CARGO_TARGET_DIR RUSTC_BOOTSTRAP=1
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
# The flags are for the target alone: without --target, cargo would give them to build scripts, too.
cargo build --release --target "$triple" --bin "$target"
if [ "$seconds" = 0 ]; then
    exec "$CARGO_TARGET_DIR/$triple/release/$target" "$@"
fi
mkdir -p "corpus/$target" "artifacts/$target" "seeds/$target"
python3 seeds.py "$target" "seeds/$target"
exec "$CARGO_TARGET_DIR/$triple/release/$target" "corpus/$target" "seeds/$target" -artifact_prefix="artifacts/$target/" \
    -dict="$target.dict" -max_total_time="$seconds" -max_len=8192 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 "$@"
