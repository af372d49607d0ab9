#!/bin/busybox sh
# shellcheck shell=dash disable=SC2086 # $options and its kin are several words
# The first and only process of the machines that scripts/test-numa boots. It runs parterre as a user would, and sends
# what comes out as one tar stream over the second serial port. It judges nothing: the host does.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mkdir -p /proc /sys /dev /tmp /root /results
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

options=$(cat /test/engine-options)
loud_options=$(cat /test/loud-engine-options)

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

# begin NAME OPTION…: an engine that reads lines as they come, and is seen from outside.
begin() {
    what=$1
    shift
    echo "machine: $what"
    rm -f /tmp/lines
    mkfifo /tmp/lines
    /test/parterre generate --input - "$@" </tmp/lines >"/results/$what.out" 2>"/results/$what.err" &
    engine=$!
    exec 3>/tmp/lines
}

# send LINES ANSWERS: waits until it has given so many answers in all.
send() {
    cat "$1" >&3
    for _ in $(seq 300); do
        [ "$(wc -l <"/results/$what.out")" -ge "$2" ] && break
        sleep 1
    done
}

# Looks at the engine, which waits for the next line, and ends it.
end() {
    cat "/proc/$engine/numa_maps" >"/results/$what.numa_maps"
    for task in /proc/"$engine"/task/*; do
        grep '^Cpus_allowed_list' "$task/status"
    done >"/results/$what.affinity"
    exec 3>&-
    wait "$engine"
    echo $? >"/results/$what.code"
}

begin live $options
send /test/one-prompt.jsonl 1
end
# Prefixes that are shared, forks, and texts that are swapped out for more urgent ones, in each format of the cache: when the
# first text is there, three others run and take all places; and they outgrow the cache, however fast the machine is.
for format in f32 int8; do
    busy_options=$(cat "/test/busy-options-$format")
    begin "busy-$format" --kv-cache $format $busy_options
    send /test/shared.jsonl 1
    send /test/urgent.jsonl "$(cat /test/shared-answers)"
    end
done

# The last node that has memory of its own is filled by somebody else.
if [ "$(grep -l 'MemTotal: *[1-9]' /sys/devices/system/node/node*/meminfo | wc -l)" -gt 1 ]; then
    full=$(grep -l 'MemTotal: *[1-9]' /sys/devices/system/node/node*/meminfo | sort | tail -n 1 | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    echo "$full" >/results/full-node
    free=$(awk '/MemFree/ { print int($4 / 1024) }' "/sys/devices/system/node/node$full/meminfo")
    mkdir -p /full
    # Preferred, not bound: what the node does not take goes elsewhere, and the node is left with what it keeps for the kernel.
    mount -t tmpfs -o "size=2g,mpol=prefer:$full" tmpfs /full
    dd if=/dev/zero of=/full/filler bs=1M count=$((free + 16)) 2>/dev/null
    cat "/sys/devices/system/node/node$full/meminfo" >/results/full-meminfo
    record generate-full /test/parterre generate --input /test/prompts.jsonl $loud_options
    rm /full/filler
fi
# Pages that the automatic balancer moved, of all processes.
grep -E '^numa_(pages_migrated|hint_faults) ' /proc/vmstat >/results/balancer
cat /proc/sys/kernel/numa_balancing >>/results/balancer 2>/dev/null

stty -F /dev/ttyS1 raw
tar -C /results -cf - . >/dev/ttyS1
echo "machine: done"
sync
poweroff -f
