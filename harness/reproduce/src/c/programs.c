/* What a program has written. */
static const char *said(int fd, char *text, size_t size)
{
	lseek(fd, 0, SEEK_SET);
	if (read_all(fd) < 0)
		give_up("read");
	close(fd);
	snprintf(text, size, "%s", contents);
	return trimmed(text, strlen(text));
}

/* Becomes a program that writes to these files. */
static void become(char *const *words, const int *files)
{
	static char *environment[] = { "PATH=" PROGRAMS, "LC_ALL=C", "HOME=/", "TERM=dumb", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(files[0], STDOUT_FILENO);
	dup2(files[1], STDERR_FILENO);
	setsid();
	environ = environment;
	execvp(words[0], words);
	shared->error = errno;
	_exit(95);
}

/* Runs a program to its end: its status, and what it wrote. */
static const char *run(char *const *words)
{
	static char text[16384], written[2][8000];
	int files[2] = { memfd_create("stdout", MFD_CLOEXEC), memfd_create("stderr", MFD_CLOEXEC) };
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return failed("fork: ");
	if (pid == 0)
		become(words, files);
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	errno = shared->error;
	if (errno)
		return failed("execve: ");
	snprintf(text, sizeof(text), "%s %d, out \"%s\", err \"%s\"", WIFEXITED(status) ? "exit" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), said(files[0], written[0], 8000),
		 said(files[1], written[1], 8000));
	return text;
}
