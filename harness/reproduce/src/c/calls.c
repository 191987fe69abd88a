/* clone(2) or clone3(2) of a child that exits at once and is waited for. */
static long clone_and_wait(long call, long a, long b)
{
	pid_t pid = syscall(call, a, b, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, __WALL);
	return pid < 0 ? -1 : 0;
}

/* clone(2) of a child that exits at once and is not waited for. */
static long clone_and_leave(long flags)
{
	pid_t pid = syscall(SYS_clone, flags, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

/* The arguments of clone3(2): flags, and SIGCHLD as the signal at the end. */
static long clone_args(unsigned long long flags)
{
	static unsigned long long args[8];

	args[0] = flags;
	args[4] = SIGCHLD;
	return (long)args;
}

/* clone(2) or clone3(2): the child goes on in the place of this process, which ends as the child does. */
static long go_on(long call, long a, long b)
{
	pid_t pid = syscall(call, a, b, 0, 0, 0);
	int status;

	if (pid > 0) {
		waitpid(pid, &status, __WALL);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	if (pid == 0)
		alarm(LIMIT);
	return pid;
}

/* The process id of whoever has made a companion. */
static pid_t maker;

/* Does nothing: a thread, or a process that ends with its maker. */
static int idle(void *is_thread)
{
	if (!is_thread) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(LIMIT);
		if (getppid() != maker)
			return 0;
	}
	for (;;)
		pause();
}

/* clone(2) of a thread or process that stays. musl's clone() makes no threads: it fails with EINVAL. */
static long companion(int flags)
{
	static char stack[16384] __attribute__((aligned(16)));
	int thread = flags & CLONE_THREAD;

	maker = getpid();
	if (!thread)
		flags |= SIGCHLD;
	return clone(idle, stack + sizeof(stack), flags, thread ? stack : NULL) < 0 ? -1 : 0;
}

/* A descriptor of a child that has ended, and was waited for or left a zombie. */
static long pidfd_of_dead(int options)
{
	pid_t pid = fork();
	long fd;

	if (pid == 0)
		_exit(0);
	fd = syscall(SYS_pidfd_open, pid, 0);
	waitid(P_PID, pid, NULL, WEXITED | options);
	return fd;
}

/* setgroups(2) with a list made up of the first group and a step. */
static long set_many_groups(unsigned int first, unsigned int step, long size)
{
	static gid_t groups[65537];

	for (int i = 0; i < 65537; i++)
		groups[i] = first + i * step;
	return syscall(SYS_setgroups, size, groups);
}

/* getgroups(2), compared with such a list. */
static const char *count_groups(long size, unsigned int first, unsigned int step)
{
	static gid_t groups[65537];
	static char text[128];
	long count = syscall(SYS_getgroups, size, groups), wrong = 0;

	if (count < 0)
		return failed("");
	for (long i = 0; i < count; i++)
		wrong += groups[i] != first + i * step;
	snprintf(text, sizeof(text), "%ld, from %u to %u, %ld of them wrong", count, groups[0],
		 count ? groups[count - 1] : 0, wrong);
	return text;
}

/* getgroups(2) with a good pointer. */
static const char *get_groups(long size)
{
	static gid_t groups[65536];
	long count = syscall(SYS_getgroups, size, groups);

	return count < 0 ? failed("") : list(groups, count);
}

/* capset(2) with what capget(2) says, less what is not to be kept, and effective what is to be raised. */
static long change_caps(unsigned long long keep_eff, unsigned long long keep_prm,
			unsigned long long keep_inh, unsigned long long raise_eff)
{
	unsigned long long keep[] = { keep_eff, keep_prm, keep_inh };
	unsigned int header[] = { 0x20080522, 0 }, data[6];

	if (syscall(SYS_capget, header, data))
		return -1;
	for (int i = 0; i < 3; i++) {
		data[i] &= keep[i];
		data[i + 3] &= keep[i] >> 32;
	}
	data[0] |= raise_eff;
	data[3] |= raise_eff >> 32;
	return syscall(SYS_capset, header, data);
}

/* A pair of sockets over which descriptors are passed. */
static int passing[2];

/* Room for a control message. */
union control {
	struct cmsghdr header;
	char space[64];
};

/* A message of one byte, with room for a control message. */
static struct msghdr *message(union control *control, size_t length)
{
	static char byte;
	static struct iovec vector = { &byte, 1 };
	static struct msghdr message;

	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = length;
	return &message;
}

/* sendmsg(2) of a byte with a control message. */
static ssize_t send_control(int fd, int type, const void *data, size_t size)
{
	union control control = { { 0 } };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = type;
	control.header.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.header), data, size);
	return sendmsg(fd, message(&control, CMSG_SPACE(size)), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* recvmsg(2) of a byte, and the data of its control message if it is of this type. */
static int receive_control(int fd, int type, void *data, size_t size)
{
	union control control = { { 0 } };
	struct msghdr *got = message(&control, sizeof(control));

	if (recvmsg(fd, got, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	if (!CMSG_FIRSTHDR(got) || control.header.cmsg_type != type) {
		errno = ENOMSG;
		return -1;
	}
	memcpy(data, CMSG_DATA(&control.header), size);
	return 0;
}

/* Passes a descriptor on: another process takes it in the next turn. */
static void give(int fd)
{
	if (send_control(passing[0], SCM_RIGHTS, &fd, sizeof(fd)) < 0)
		give_up("sendmsg");
}

/* Holds the descriptor that was passed on. */
static void take(void)
{
	if (receive_control(passing[1], SCM_RIGHTS, &held, sizeof(held)))
		give_up("recvmsg");
	hand_over(turns + 1);
}

/* socketpair(2): one end is held, the other passed on. */
static const char *socket_pair(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends))
		give_up("socketpair");
	held = ends[0];
	give(ends[1]);
	close(ends[1]);
	return "ok";
}

/* Sends the own process id and these ids as SCM_CREDENTIALS. */
static const char *send_credentials(uid_t uid, gid_t gid)
{
	struct ucred ids = { getpid(), uid, gid };

	return send_control(held, SCM_CREDENTIALS, &ids, sizeof(ids)) < 0 ? failed("") : "ok";
}

/* Receives SCM_CREDENTIALS. */
static const char *receive_credentials(void)
{
	static char text[32];
	struct ucred ids;

	if (receive_control(held, SCM_CREDENTIALS, &ids, sizeof(ids)))
		return failed("");
	snprintf(text, sizeof(text), "%u %u", ids.uid, ids.gid);
	return text;
}
