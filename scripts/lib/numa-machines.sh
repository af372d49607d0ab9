# Sourced by scripts/test-numa: the machines, the kernel and the file system that they boot.

# Nobody waits longer than this for one machine.
machine_seconds=900
# Small blocks, so that short texts fill more than one.
loud_engine_options=(--cache-memory 32MiB --block-size 16)
engine_options=("${loud_engine_options[@]}" --quiet)
busy_options_f32=(--cache-memory 2MiB --block-size 16 --max-batch 3 --preemption swap --swap-space 8MiB)
busy_options_int8=(--cache-memory 640KiB --block-size 16 --max-batch 3 --preemption swap --swap-space 8MiB)
# One that has most of what the others have: several nodes, of unequal sizes, one of which has CPUs that are not side by side.
usual_machines=(three)
all_machines=(one two two-interleaved three four uneven memoryless)

# machine_nodes NAME: one line per NUMA node, "CPUS MEMORY", CPUs as the kernel lists them. Four CPUs each.
machine_nodes() {
    case $1 in
        one) echo "0-3 1536M" ;;
        two) printf '%s\n' "0-1 768M" "2-3 768M" ;;
        two-interleaved) printf '%s\n' "0,2 768M" "1,3 768M" ;;
        three) printf '%s\n' "0,2 640M" "1 512M" "3 512M" ;;
        four) printf '%s\n' "0 512M" "1 512M" "2 512M" "3 512M" ;;
        # A node with little of either, and a board with memory behind one socket only.
        uneven) printf '%s\n' "0-2 1280M" "3 192M" ;;
        memoryless) printf '%s\n' "0-1 1280M" "2-3 0M" ;;
        *) return 1 ;;
    esac
}

describe_machine() {
    local node=0 cpus memory
    machine_nodes "$1" >/dev/null || return 1
    while read -r cpus memory; do
        printf '%snode %d has CPUs %s and %s' "$([ $node -eq 0 ] || echo ', ')" "$node" "$cpus" "$memory"
        node=$((node + 1))
    done < <(machine_nodes "$1")
}

# Prints the path of a Linux kernel, which is fetched on the first run only.
find_kernel() {
    if [ -n "${PARTERRE_TEST_KERNEL:-}" ]; then
        [ -r "$PARTERRE_TEST_KERNEL" ] || die "PARTERRE_TEST_KERNEL: cannot read $PARTERRE_TEST_KERNEL"
        echo "$PARTERRE_TEST_KERNEL"
        return
    fi
    if [ ! -s "$store/vmlinuz" ]; then
        fetch_kernel
    fi
    echo "$store/vmlinuz"
}

# Takes the kernel's image out of the distribution's package, without installing it.
fetch_kernel() {
    local package folder attempt
    command -v apt-get >/dev/null \
        || die "there is no apt-get here to fetch a kernel by: name one in PARTERRE_TEST_KERNEL"
    folder=$(mktemp -d)
    for attempt in 1 2; do
        package=$(kernel_package)
        if [ -n "$package" ]; then
            say "fetching $package"
            (cd "$folder" && apt-get download "$package" >log 2>&1) && break
        fi
        # The index may be absent, or older than the mirror.
        [ "$attempt" -eq 1 ] && can_be_root && as_root apt-get update >"$folder/log" 2>&1 && continue
        tail -n 5 "$folder/log" >&2 || true
        die "apt could not fetch a kernel (${package:-it knows none}): is this machine online?" \
            "PARTERRE_TEST_KERNEL can name one that is here"
    done
    dpkg-deb --extract "$folder"/*.deb "$folder/package"
    cp "$folder"/package/boot/vmlinuz-* "$store/vmlinuz.part"
    mv "$store/vmlinuz.part" "$store/vmlinuz"
    rm -rf "$folder"
}

# Debian's small kernel for virtual machines, or Ubuntu's; each name stands for the newest version's package.
kernel_package() {
    local name package
    for name in linux-image-cloud-amd64 linux-image-virtual linux-image-amd64; do
        package=$(apt-cache depends "$name" 2>/dev/null | awk '/Depends: linux-image-[0-9]/ { print $2 }' || true)
        if [ -n "$package" ]; then
            head -n 1 <<<"$package"
            return
        fi
    done
}

# build_guest BINARY: an initramfs that holds busybox, the program, its resources and the libraries that it is linked to.
build_guest() {
    local binary=$1 guest=$store/guest library
    rm -rf "$guest"
    mkdir -p "$guest"/{bin,test,etc}
    cp "$(command -v busybox)" "$guest/bin/busybox"
    if ldd "$guest/bin/busybox" >/dev/null 2>&1; then die "busybox is not static: install busybox-static"; fi
    echo 'root:x:0:0:root:/root:/bin/sh' >"$guest/etc/passwd"
    install -m 755 "$root/scripts/lib/numa-guest-init.sh" "$guest/init"
    cp "$binary" "$guest/test/parterre"
    cp -r "$(dirname "$binary")"/*.resources "$guest/test/"
    cp "$root/scripts/lib/numa-prompts.jsonl" "$guest/test/prompts.jsonl"
    head -n 1 "$root/scripts/lib/numa-prompts.jsonl" >"$guest/test/one-prompt.jsonl"
    cp "$root/scripts/lib/numa-shared.jsonl" "$guest/test/shared.jsonl"
    cp "$root/scripts/lib/numa-urgent.jsonl" "$guest/test/urgent.jsonl"
    jq -s 'map(.n // 1) | add' "$root"/scripts/lib/numa-{shared,urgent}.jsonl >"$guest/test/shared-answers"
    echo "${engine_options[*]}" >"$guest/test/engine-options"
    echo "${loud_engine_options[*]}" >"$guest/test/loud-engine-options"
    echo "${busy_options_f32[*]}" >"$guest/test/busy-options-f32"
    echo "${busy_options_int8[*]}" >"$guest/test/busy-options-int8"
    # Each library keeps its path, so that the run path in the binary holds there too.
    ldd "$binary" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
        mkdir -p "$guest$(dirname "$library")"
        cp -L "$library" "$guest$library"
    done
    # Not compressed: the emulated processors would take longer to unpack it than QEMU takes to load it.
    (cd "$guest" && find . | cpio --quiet -o -H newc --owner root:root) >"$store/initramfs"
    say "the machines' file system takes $(du -m "$store/initramfs" | cut -f 1) MB"
}

# boot_machine NAME: leaves what the machine recorded in $results/NAME.
boot_machine() {
    local machine=$1 out=$results/$1 node=0 total=0 cpus memory list arguments=()
    mkdir -p "$out"
    while read -r cpus memory; do
        list=cpus=${cpus//,/,cpus=}
        if [ "$memory" != 0M ]; then
            arguments+=(-object "memory-backend-ram,id=memory$node,size=$memory")
            list=$list,memdev=memory$node
        fi
        arguments+=(-numa "node,nodeid=$node,$list")
        node=$((node + 1))
        total=$((total + ${memory%M}))
    done < <(machine_nodes "$machine")
    # One socket per processor, so that any of them may belong to any node. A busy host may give the emulated timer too few
    # turns for the kernel, which then stops: no_timer_check.
    if ! timeout --foreground "$machine_seconds" qemu-system-x86_64 \
        -accel tcg,thread=multi -cpu max -machine q35 -smp 4,sockets=4 -m "${total}M" "${arguments[@]}" \
        -nodefaults -no-user-config -display none -no-reboot \
        -kernel "$kernel" -initrd "$store/initramfs" -append "console=ttyS0 quiet panic=-1 no_timer_check" \
        -serial "file:$out/console" -serial "file:$out/results.tar" </dev/null >"$out/qemu" 2>&1
    then
        tail -n 20 "$out/qemu" "$out/console" >&2
        die "$machine did not run to its end within $machine_seconds s (its last lines are above, all in $out)"
    fi
    tar -xf "$out/results.tar" -C "$out" 2>>"$out/qemu" || {
        tail -n 20 "$out/console" >&2
        die "$machine sent no results (its last lines are above, all in $out)"
    }
}
