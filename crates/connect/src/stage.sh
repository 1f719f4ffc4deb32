# The first stage: what runs on a machine that has nothing installed, until the slave does.
#
#     sh -c STAGE zymogen TITLE keep|leave-nothing [MACHINE SHA256 SIZE]...
#
# Whatever POSIX shell the target has runs it: dash, bash, busybox ash. It is sent as one line inside
# single quotes, through any login shell. Therefore it has no single quote, no backslash and no
# exclamation mark (csh), a comment has its line to itself, and each line ends as it would in the
# middle of a line. `stage.rs` drops the comments and joins the rest with spaces.
#
# It says `begin` on stdout before it does anything: from then on what speaks is the target. Then it says one line
# and no more: `need`, before it reads the image from stdin, or `error`, on whatever way it ends. If the image is in
# the cache it says nothing more: the slave speaks next.

echo "ZYMOGEN begin";
title=$1; mode=$2; shift 2;
image=; size=; new=; uid=; why="stage it ended unexpectedly";

finish() {
    # What cannot be started is of no use to the next one either: it gets a new image.
    case $why in "start "*) rm -f "$dir/$image" ;; esac;
    if [ "$new" ]; then
        rm -f "$new";
        [ "$mode" = keep ] || rmdir "$dir";
    fi;
    echo "ZYMOGEN error $why";
};
fail() { why="$*"; exit 1; };
trap finish 0;
# bash would leave without a word if it cannot start the image.
{ shopt -s execfail; } 2> /dev/null;
trap "fail stage a signal ended it" 1 2 13 15;

# The file is there since Linux 6.1 and spares a process, which is a third of a warm start. It tells of the
# kernel, whose programs may be of another kind: an emulated container knows by uname.
machine=; { read -r machine < /proc/sys/kernel/arch; } 2> /dev/null;
pick() {
    while [ $# -gt 2 ]; do
        if [ "$system" = "Linux $1" ]; then image=zymogen-slave-$2; size=$3; fi;
        shift 3;
    done;
};
system="Linux $machine"; pick "$@";
if [ -z "$image" ]; then system=$(uname -s -m); pick "$@"; fi;

# each TEST ROOT...: the first root whose directory passes the test.
tried=;
each() {
    try=$1; shift; tried=;
    for root in "$@"; do
        case $root in
            /var/tmp | /tmp | /dev/shm) dir=$root/zymogen-${uid:=$(id -u)} ;;
            /*) dir=$root/zymogen ;;
            *) continue ;;
        esac;
        tried="$tried $root";
        "$try" && return;
    done;
    return 1;
};

# Nobody else may put a file into the directory, or another directory in its place.
guarded() { [ -O "$root" ] || [ -k "$root" ]; };
private() {
    listing=;
    [ -d "$dir" ] && [ -O "$dir" ] && guarded || return;
    [ -L "$dir" ] && return 1;
    listing=$(ls -ldn "$@");
    case $listing in drwx--[S-]---*) return 0 ;; esac;
    return 1;
};

# The name holds the digest, which was checked before the file got that name. The length shows a file
# that lost its content when the machine lost its power.
warm() {
    [ -x "$dir/$image" ] && private "$dir" "$dir/$image" || return;
    case $listing in *" $size "*) return 0 ;; esac;
    return 1;
};

# Leaves an empty file in $new: the directory takes files, and what is in it can be started (an empty
# file is a shell script that succeeds; not so where the file system is mounted noexec). Where there is no /proc
# busybox does not find itself to run a script, and says 127.
usable() {
    set -- $(df -Pk "$dir" | tail -n 1);
    [ "$4" -lt $((${size:-8388608} / 1024 + 64)) ] && return 1;
    new=$(mktemp "$dir/zymogen-slave-new.XXXXXX") || { new=$dir/zymogen-slave-new.$$; true > "$new"; };
    chmod 700 "$new" && { "$new" < /dev/null; case $? in 0 | 127) return 0 ;; esac; };
    rm -f "$new"; new=;
    return 1;
};
cold() {
    [ -d "$root" ] || { [ "$root" = "$HOME/.cache" ] && [ -O "$HOME" ] && mkdir -m 700 "$root"; };
    guarded || return;
    [ -d "$dir" ] || mkdir -m 700 "$dir";
    private "$dir" || case $listing in
        # Others could read it but not write into it: what is in it is ours, too.
        drwx[r-]-[sx-][r-]-[x-]*) chmod 700 "$dir" && private "$dir" ;;
        *) false ;;
    esac || return;
    usable && return;
    rmdir "$dir";
    return 1;
};
fresh() {
    guarded || return;
    dir=$(mktemp -d "$root/zymogen-XXXXXX") || { dir=$root/zymogen-$$; mkdir -m 700 "$dir"; } || return;
    usable && return;
    rmdir "$dir";
    return 1;
};

if [ "$mode" = keep ]; then
    set -- "$XDG_CACHE_HOME" "${HOME:+$HOME/.cache}" /var/tmp /tmp /dev/shm;
    if [ "$image" ] && each warm "$@" 2> /dev/null; then
        why="start cannot start $dir/$image";
        exec "$dir/$image" "$title";
        exit 1;
    fi;
    each cold "$@" 2> /dev/null;
else
    each fresh /dev/shm "$TMPDIR" /tmp /var/tmp "$HOME" 2> /dev/null;
fi || fail "cache no directory that is private, has room and lets programs start, under:$tried";

formats=none;
for tool in gzip zstd; do
    command -v "$tool" > /dev/null 2>&1 && formats="$tool $formats";
done;
echo "ZYMOGEN need 1 $system $formats";
read -r format length sha && [ "$sha" ] || fail "transfer no image came";
case $format in
    zstd) head -c "$length" | zstd -qdc ;;
    gzip) head -c "$length" | gzip -dc ;;
    none) head -c "$length" ;;
    *) false ;;
esac > "$new" || fail "transfer cannot write the image, or it came incomplete";
{ sum=$(sha256sum < "$new" || shasum -a 256 < "$new" || openssl dgst -sha256 -r < "$new"); } 2> /dev/null;
case $sum in
    "$sha"*) ;;
    "") fail "digest none of sha256sum, shasum and openssl is here to check the image" ;;
    *) fail "digest the image came damaged or incomplete" ;;
esac;

image=zymogen-slave-$sha;
chmod 700 "$new" && mv -f "$new" "$dir/$image" || fail "install cannot rename the image into place";
why="start cannot start $dir/$image";
if [ "$mode" = keep ]; then
    new=;
    find "$dir" -name "zymogen-slave-*" -mtime +30 -exec rm -f {} + 2> /dev/null;
    exec "$dir/$image" "$title";
    exit 1;
fi;
new=$dir/$image;
exec "$dir/$image" --unlink "$title";
exit 1;
