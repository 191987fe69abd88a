/* Memory that all processes share. */
static struct {
	atomic_int turn;	/* the number of the turn; INT_MAX ends everything */
	int status;		/* of this program: 1 once a step was not as expected */
	int error;		/* of an execve(2) that failed */
	pid_t pid[COUNT];
} *shared;

/* Which of the processes this one is. */
static enum actor me = MAIN;

/* The turn and the step that the story has come to in this process. */
static int turns, steps;

/* Tells every process whose turn it is. */
static void hand_over(int turn)
{
	atomic_store(&shared->turn, turn);
	syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Waits for a turn. A change of ids has cleared the signal of the parent's death. */
static void await(int turn)
{
	int now = atomic_load(&shared->turn);

	if (me != MAIN)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (; now < turn; now = atomic_load(&shared->turn))
		syscall(SYS_futex, &shared->turn, FUTEX_WAIT, now, NULL, NULL, 0);
	if (now == INT_MAX)
		_exit(shared->status);
}

/* Whether the next turn is this process's, which then waits for it. */
static int turn(enum actor who)
{
	turns++;
	if (who != me)
		return 0;
	await(turns);
	return 1;
}

/* The same, for a turn that is a step of the story. */
static int step(enum actor who, const char *what)
{
	steps++;
	if (!turn(who))
		return 0;
	dprintf(STDOUT_FILENO, "%2d  %s  %s: ", steps, names[who], what);
	return 1;
}

/* Ends a step whose outcome nobody has foretold. */
static void tell(const char *got)
{
	dprintf(STDOUT_FILENO, "%s\n", got);
	hand_over(turns + 1);
}

/* Ends a step: compares what came of it. */
static void expect(const char *expected, const char *got)
{
	if (!strcmp(expected, got)) {
		tell(got);
		return;
	}
	dprintf(STDOUT_FILENO, "%s\n    NOT as expected, which is: %s\n", got, expected);
	shared->status = 1;
	hand_over(turns + 1);
}

/* Ends everything: without this call nothing can be shown. */
static void give_up(const char *call)
{
	dprintf(STDERR_FILENO, "cannot run: %s: %s\n", call, strerror(errno));
	if (!shared->status)
		shared->status = 2;
	hand_over(INT_MAX);
	_exit(2);
}

/* Goes on only if a call has prepared what later steps rest on. */
static const char *or_stop(const char *call, const char *outcome)
{
	if (outcome[0] == 'E')
		give_up(call);
	return outcome;
}

/* A process that has waited so long for a step waits for nothing. */
static void on_alarm(int signal)
{
	(void)signal;
	dprintf(STDOUT_FILENO, "\n    NOT as expected: no end after %d seconds\n", LIMIT);
	_exit(1);
}

/* Forks a process that takes part from here on. The main one is the parent of all. */
static void start(enum actor who, int flags)
{
	pid_t pid;

	flags |= me == MAIN ? SIGCHLD : SIGCHLD | CLONE_PARENT;
	pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (pid < 0)
		give_up("clone");
	if (pid == 0) {
		me = who;
		alarm(LIMIT);
		return;
	}
	shared->pid[who] = pid;
	hand_over(turns + 1);
}

/* Waits for the end of a process that was told to exit, and leaves a zombie or nothing. */
static void see_off(enum actor who, int options)
{
	waitid(P_PID, shared->pid[who], NULL, WEXITED | options);
	if (!(options & WNOWAIT))
		shared->pid[who] = 0;
	hand_over(turns + 1);
}

/* Takes on ids, as root can. */
static void take_ids(uid_t uid, gid_t gid, size_t count, const gid_t *groups)
{
	if (setgroups(count, groups) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		give_up("taking on ids");
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
