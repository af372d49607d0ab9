#!/bin/busybox sh
# shellcheck shell=dash disable=SC2086 # $options is several words
# The first and only process of the machines that scripts/test-numa boots. It runs parterre as a user would, and sends
# what comes out as one tar stream over the second serial port. It judges nothing: the host does.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mkdir -p /proc /sys /dev /tmp /root /results
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

options=$(cat /test/engine-options)

# record NAME COMMAND…: keeps standard output, standard error, exit code and seconds.
record() {
    what=$1
    shift
    echo "machine: $what"
    began=$(cut -d ' ' -f 1 /proc/uptime)
    "$@" >"/results/$what.out" 2>"/results/$what.err" </dev/null
    echo $? >"/results/$what.code"
    echo "$began $(cut -d ' ' -f 1 /proc/uptime)" >"/results/$what.time"
}

# How the kernel itself sees the machine, in files that need no program of ours.
mkdir -p /results/kernel
for node in /sys/devices/system/node/node*; do
    [ -d "$node" ] && cat "$node/cpulist" >"/results/kernel/$(basename "$node").cpus"
done
grep -m 1 '^flags' /proc/cpuinfo >/results/kernel/flags
uname -r >/results/kernel/release

record topology /test/parterre topology --json $options
for threads in 1 4; do
    record "generate-$threads" /test/parterre generate --input /test/prompts.jsonl --threads "$threads" $options
done
record topology-default /test/parterre topology --json --quiet
record generate-confined taskset 0x3 /test/parterre generate --input /test/prompts.jsonl $options
record generate-portable env PARTERRE_ISA=portable /test/parterre generate --input /test/one-prompt.jsonl $options
record logits /test/parterre logits --input /test/prompts.jsonl --mode batched --output /tmp/logits.safetensors $options
sha256sum </tmp/logits.safetensors >/results/logits.sum

# An engine at work, seen from outside: it has answered the first line and waits for the next.
echo "machine: numa_maps"
mkfifo /tmp/lines
/test/parterre generate --input - $options </tmp/lines >/results/live.out 2>/results/live.err &
engine=$!
exec 3>/tmp/lines
cat /test/one-prompt.jsonl >&3
for _ in $(seq 120); do
    [ -s /results/live.out ] && break
    sleep 1
done
cat "/proc/$engine/numa_maps" >/results/numa_maps
for task in /proc/"$engine"/task/*; do
    grep '^Cpus_allowed_list' "$task/status"
done >/results/affinity
exec 3>&-
wait "$engine"
echo $? >/results/live.code

stty -F /dev/ttyS1 raw
tar -C /results -cf - . >/dev/ttyS1
echo "machine: done"
sync
poweroff -f
