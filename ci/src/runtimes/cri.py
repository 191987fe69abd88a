# Starts the probe in a pod with a user namespace of its own, over the interface that Kubernetes uses, and prints its output.
# Arguments: the socket of the runtime, the image, and the supplementary groups to ask for.
import sys
import time

import grpc

import cri_pb2 as api

socket, image, groups = sys.argv[1], sys.argv[2], [int(group) for group in sys.argv[3:]]
channel = grpc.insecure_channel(f"unix://{socket}")


def call(method, request, answer):
    path = f"/runtime.v1.RuntimeService/{method}"
    make = channel.unary_unary(path, type(request).SerializeToString, answer.FromString)
    return make(request, timeout=60)


ids = api.IDMapping(host_id=100000, container_id=0, length=65536)
namespaces = api.NamespaceOption(
    network=api.POD,
    pid=api.CONTAINER,
    ipc=api.POD,
    userns_options=api.UserNamespace(mode=api.POD, uids=[ids], gids=[ids]),
)
pod = api.PodSandboxConfig(
    metadata=api.PodSandboxMetadata(name="field", namespace="field", uid="1"),
    hostname="field",
    log_directory="/tmp/logs",
    linux=api.LinuxPodSandboxConfig(
        security_context=api.LinuxSandboxSecurityContext(namespace_options=namespaces)
    ),
)
container = api.ContainerConfig(
    metadata=api.ContainerMetadata(name="probe"),
    image=api.ImageSpec(image=image),
    command=["/usr/bin/probe"],
    log_path="probe.log",
    linux=api.LinuxContainerConfig(
        security_context=api.LinuxContainerSecurityContext(
            namespace_options=namespaces, supplemental_groups=groups
        )
    ),
)
pod_id = call("RunPodSandbox", api.RunPodSandboxRequest(config=pod), api.RunPodSandboxResponse).pod_sandbox_id
request = api.CreateContainerRequest(pod_sandbox_id=pod_id, config=container, sandbox_config=pod)
container_id = call("CreateContainer", request, api.CreateContainerResponse).container_id
call("StartContainer", api.StartContainerRequest(container_id=container_id), api.StartContainerResponse)
for _ in range(300):
    request = api.ContainerStatusRequest(container_id=container_id)
    status = call("ContainerStatus", request, api.ContainerStatusResponse).status
    if status.state == api.CONTAINER_EXITED:
        break
    time.sleep(0.1)
with open("/tmp/logs/probe.log", encoding="utf-8") as log:
    for line in log:
        # A time, the stream and a flag come before the text.
        print(line.split(" ", 3)[3], end="")
call("StopPodSandbox", api.StopPodSandboxRequest(pod_sandbox_id=pod_id), api.StopPodSandboxResponse)
sys.exit(status.exit_code)
