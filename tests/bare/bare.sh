#!/bin/sh
# make bare: the two commands of the README on a bare Debian 12, from `git archive HEAD`, first as root, then as a user
# with sudo. Needs root, debootstrap and a Debian mirror (the one this host uses). Nothing of the host is used inside but
# its test data (bind-mounted read-only, if there).
set -eu
src=$(cd "$(dirname "$0")/../.." && pwd)
test "$(id -u)" -eq 0 || { echo "bare: needs root (debootstrap, chroot)" >&2; exit 77; }
command -v debootstrap >/dev/null || { echo "bare: needs debootstrap" >&2; exit 77; }
users=${BARE_USERS:-"root sudoer"}
work=$(mktemp -d /var/tmp/aampe-bare.XXXXXX)
testdata=${AAMPE_TESTDATA:-$src/../shared/testdata}

unmount_all() {
    for point in proc dev srv/shared/testdata; do
        for root in "$work"/*; do
            mountpoint -q "$root/$point" 2>/dev/null && umount -R "$root/$point"
        done
    done
    return 0
}
cleanup() {
    unmount_all
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mirror=${BARE_MIRROR:-$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*\) .*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/debian* 2>/dev/null | head -n 1)}
echo "bare: bootstrapping Debian 12" >&2
debootstrap --variant=minbase bookworm "$work/base" "$mirror" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    exit 1
}
git -C "$src" archive --format=tar --prefix=product/ HEAD >"$work/product.tar"

enter() { # root-folder user command...
    inside=$1 name=$2
    shift 2
    chroot "$inside" /usr/bin/env -i HOME="$(awk -F: -v u="$name" '$1 == u { print $6 }' "$inside/etc/passwd")" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        setpriv --reuid="$name" --regid="$name" --init-groups /bin/sh -c "$*" </dev/null
}

judge() { # report.json: the line of "What it must show"
    python3 - "$1" <<'PY'
import json, sys
text = open(sys.argv[1]).read()
report = json.loads(text)
assert report["ok"] is True, report.get("error")
tables = report["data"]["tables"]
names = {t["name"] for t in tables}
assert {"shop.aampe.users", "shop.aampe.events", "shop.aampe.products"} <= names, names
for t in tables:
    counts = {t["source_rows"], t["manifest_rows"], t["decoded_rows"], t["file_rows"]}
    assert len(counts) == 1 and counts.pop() > 0, t
assert report["data"]["verified"] is True
print(f"bare: {len(tables)} tables, {sum(t['source_rows'] for t in tables)} rows, all four counts equal, verified")
PY
}

for user in $users; do
    root=$work/$user
    cp -a "$work/base" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
    cp /etc/hosts "$root/etc/hosts" 2>/dev/null || :
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
    mkdir -p "$root/srv/shared/testdata"
    if [ -d "$testdata" ]; then
        mount --bind -o ro "$testdata" "$root/srv/shared/testdata"
    fi
    tar -C "$root/srv" -xf "$work/product.tar"
    if [ "$user" != root ]; then
        enter "$root" root "apt-get update -qq && apt-get install -y -qq --no-install-recommends sudo >/dev/null 2>&1"
        chroot "$root" useradd -m -s /bin/sh "$user"
        echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/bare"
        chroot "$root" chown -R "$user:" /srv/product
    fi
    echo "bare: as $user: ./bootstrap demo --headless --json" >&2
    enter "$root" "$user" "cd /srv/product && ./bootstrap demo --headless --json" \
        >"$work/$user.json" 2>"$work/$user.demo.log" || {
        tail -n 40 "$work/$user.demo.log" >&2
        exit 1
    }
    judge "$work/$user.json"
    echo "bare: as $user: ./bootstrap check" >&2
    enter "$root" "$user" "cd /srv/product && ./bootstrap check" >"$work/$user.check.log" 2>&1 || {
        tail -n 60 "$work/$user.check.log" >&2
        exit 1
    }
    grep -E '^# (TOTAL|PASS|SKIP|FAIL|ERROR):' "$work/$user.check.log"
    umount -R "$root/dev"
    unmount_all
    rm -rf --one-file-system "$root"
    echo "bare: as $user: passed"
done
echo "bare: passed for $users"
