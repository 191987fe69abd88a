# Functions that rows may call in `setup`.

# A small root file system at /srv/rootfs whose files belong to this uid and gid, with sudo and what the probe calls.
rootfs() {
    mkdir -p /srv/rootfs
    cd /srv/rootfs
    mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc proc sys dev tmp run root var/run usr/libexec
    ln -s usr/bin bin
    ln -s usr/sbin sbin
    ln -s usr/lib lib
    ln -s usr/lib64 lib64
    files='/usr/sbin/unix_chkpwd'
    for name in sh grep tr cat sed id sleep true head setpriv sudo env; do files="$files /usr/bin/$name"; done
    for file in /usr/libexec/sudo/*.so* /usr/lib/sudo/*.so* /usr/lib/*-linux-gnu/security/pam_*.so; do
        [ ! -e "$file" ] || files="$files $file"
    done
    # With the libraries that they need.
    files="$files $(ldd $files 2> /dev/null | grep -oE '/[^ ):]+\.so[^ ):]*')"
    cp -L --parents $(printf '%s\n' $files | sort -u) .
    cp /usr/bin/probe usr/bin/probe
    cp -a /etc/pam.d /etc/security /etc/sudoers /etc/sudoers.d /etc/nsswitch.conf /etc/login.defs etc/
    grep -E '^(root|daemon|nobody):' /etc/passwd > etc/passwd
    grep -E '^(root|daemon|nogroup|audio|tty|sudo):' /etc/group > etc/group
    grep -E '^(root|daemon):' /etc/shadow > etc/shadow
    echo '127.0.0.1 localhost field' > etc/hosts
    [ ! -e /etc/environment ] || cp /etc/environment etc/
    : > etc/localtime
    : > etc/resolv.conf
    chown -hR "$1:$1" .
    chmod 4755 usr/bin/sudo
    cd /
}

# A bundle at /srv/bundle. Arguments: the mappings as `CONTAINER HOST SIZE`, one line each; the additional gids; the path of
# a user namespace to join in place of mappings.
bundle() {
    mappings=$(echo "$1" | awk 'NF { printf "%s{\"containerID\":%s,\"hostID\":%s,\"size\":%s}", s, $1, $2, $3; s = "," }')
    caps='"CAP_SETUID","CAP_SETGID","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_SETPCAP","CAP_KILL","CAP_AUDIT_WRITE"'
    joins=${3:+,\"path\":\"$3\"}
    cat > /srv/bundle/config.json <<END
{"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0,"gid":0,"additionalGids":[$2]},
"args":["/usr/bin/probe"],"env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"cwd":"/",
"capabilities":{"bounding":[$caps],"effective":[$caps],"permitted":[$caps]}},
"root":{"path":"/srv/rootfs"},"hostname":"field",
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]}],
"linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"user"$joins}],
"uidMappings":[$mappings],"gidMappings":[$mappings]}}
END
    if [ -n "${3:-}" ]; then
        sed -i 's/"uidMappings":\[\],"gidMappings":\[\]/"resources":{}/' /srv/bundle/config.json
    fi
}

# A user namespace at /srv/userns that no process is in. Its maps are written as Go does it: the word is "deny", unless
# GidMappingsEnableSetgroups is set, and then "allow".
pinned() {
    unshare --user sleep 600 &
    pid=$!
    while [ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
    echo '0 100000 65536' > "/proc/$pid/uid_map"
    echo "$1" > "/proc/$pid/setgroups"
    echo '0 100000 65536' > "/proc/$pid/gid_map"
    : > /srv/userns
    mount --bind "/proc/$pid/ns/user" /srv/userns
    kill "$pid"
}

# containerd, with the small root file system as an image. It runs outside the trace: it traces a process of its own.
containerd_for_pods() {
    rootfs 0
    mkdir -p /srv/containerd /etc/cni/net.d /tmp/logs /srv/python
    # The layers of its images are mounted with mapped ids, which an overlay cannot be.
    mount -t tmpfs -o mode=755 tmpfs /srv/containerd
    echo '{"cniVersion":"1.0.0","name":"field","plugins":[{"type":"ptp","ipMasq":false,"ipam":{"type":"host-local",
        "ranges":[[{"subnet":"10.88.99.0/24"}]]}}]}' > /etc/cni/net.d/10-field.conflist
    # There are no cgroup controllers in a place.
    cat > /usr/local/bin/runc-without-resources <<'END'
#!/usr/bin/python3
import json, os, sys
for word, value in zip(sys.argv, sys.argv[1:]):
    if word == "--bundle":
        path = os.path.join(value, "config.json")
        with open(path) as file:
            config = json.load(file)
        config["linux"].pop("resources", None)
        with open(path, "w") as file:
            json.dump(config, file)
os.execvp("runc", ["runc", *sys.argv[1:]])
END
    chmod 755 /usr/local/bin/runc-without-resources
    case $(containerd --version) in
        *' 1.'*) version=2 cri='"io.containerd.grpc.v1.cri"' images=$cri runtime=$cri ;;
        *) version=3 images='"io.containerd.cri.v1.images"' runtime='"io.containerd.cri.v1.runtime"' ;;
    esac
    cat > /etc/containerd/config.toml <<END
version = $version
root = "/srv/containerd/root"
state = "/srv/containerd/state"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
address = "/srv/containerd/socket"
[plugins.$runtime]
disable_apparmor = true
disable_cgroup = true
restrict_oom_score_adj = true
$([ "$version" = 3 ] || echo 'sandbox_image = "docker.io/library/field:1"')
[plugins.$runtime.cni]
$([ "$version" = 2 ] && echo 'bin_dir = "/usr/lib/cni"' || echo 'bin_dirs = ["/usr/lib/cni"]')
conf_dir = "/etc/cni/net.d"
[plugins.$runtime.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.$runtime.containerd.runtimes.runc.options]
BinaryName = "/usr/local/bin/runc-without-resources"
END
    [ "$version" = 2 ] || printf '[plugins.%s.pinned_images]\nsandbox = "docker.io/library/field:1"\n' "$images" \
        >> /etc/containerd/config.toml
    containerd -c /etc/containerd/config.toml > /tmp/containerd.log 2>&1 &
    image > /srv/containerd/image.tar
    until [ -S /srv/containerd/socket ]; do sleep 0.1; done
    ctr -a /srv/containerd/socket -n k8s.io images import /srv/containerd/image.tar
    protoc --proto_path=/run/field --python_out=/srv/python cri.proto
}

# An image with /srv/rootfs as its only layer, which sleeps if it is told nothing else.
image() {
    mkdir -p /tmp/image/blobs/sha256
    cd /tmp/image
    blob() {
        sum=$(sha256sum "$1" | cut -d ' ' -f 1)
        size=$(stat -c %s "$1")
        mv "$1" "blobs/sha256/$sum"
    }
    tar -C /srv/rootfs -cf layer .
    blob layer
    layer="{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$sum\",\"size\":$size}"
    echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/usr/bin/sleep\",\"600\"],
        \"Env\":[\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$sum\"]}}" > config
    blob config
    echo "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",
        \"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:$sum\",\"size\":$size},
        \"layers\":[$layer]}" > manifest
    blob manifest
    echo "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",
        \"digest\":\"sha256:$sum\",\"size\":$size,
        \"annotations\":{\"io.containerd.image.name\":\"docker.io/library/field:1\"}}]}" > index.json
    echo '{"imageLayoutVersion":"1.0.0"}' > oci-layout
    tar -c oci-layout index.json blobs
    cd /
}
