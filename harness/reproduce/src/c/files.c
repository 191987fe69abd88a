/* The directory /proc, held open: a step may change the root. */
static int proc;

/* A file below /proc: the own one is reached without naming the process. */
static const char *path_of(enum actor who, const char *name)
{
	static char path[64];

	if (who == me || !shared->pid[who])
		snprintf(path, sizeof(path), "self/%s", name);
	else
		snprintf(path, sizeof(path), "%d/%s", shared->pid[who], name);
	return path;
}

/* open(2) of a file of a process in /proc. */
static int open_proc(enum actor who, const char *name, int flags)
{
	return openat(proc, path_of(who, name), flags | O_CLOEXEC);
}

/* The whole path of a file of a process in /proc. */
static const char *proc_path(pid_t pid, const char *name)
{
	static char paths[2][64];
	static int last;

	last = !last;
	snprintf(paths[last], sizeof(paths[last]), "/proc/%d/%s", pid, name);
	return paths[last];
}

/* write(2) of some text. */
static const char *put(int fd, const char *text)
{
	return wrote(write(fd, text, strlen(text)), strlen(text));
}

/* lseek(2) of the open file, and a write whatever came of that. */
static const char *seek_and_put(off_t offset, const char *text)
{
	off_t sought = lseek(held, offset, SEEK_SET);
	int error = errno;
	const char *outcome = put(held, text);

	errno = error;
	return sought < 0 ? failed("lseek: ") : outcome;
}

/* Opens a file of a process in /proc, writes once, and closes. */
static const char *write_bytes(enum actor who, const char *name, const void *bytes, size_t length)
{
	int fd = open_proc(who, name, O_WRONLY);
	const char *outcome;

	if (fd < 0)
		return failed("open: ");
	outcome = wrote(write(fd, bytes, length), length);
	close(fd);
	return outcome;
}

/* The same with text. */
static const char *write_proc(enum actor who, const char *name, const char *text)
{
	return write_bytes(who, name, text, strlen(text));
}

/* What was last read of a file. */
static char contents[1 << 20];

/* read(2) to the end of a file: the kernel gives those of /proc by the page. */
static ssize_t read_all(int fd)
{
	size_t length = 0;
	ssize_t count;

	do {
		count = read(fd, contents + length, sizeof(contents) - 1 - length);
		if (count < 0)
			return -1;
		length += count;
	} while (count > 0);
	contents[length] = '\0';
	return length;
}

/* Opens a file of a process in /proc, reads it into `contents', and closes. NULL, or what failed. */
static const char *load(enum actor who, const char *name)
{
	int fd = open_proc(who, name, O_RDONLY);
	const char *failure = NULL;

	if (fd < 0)
		return failed("open: ");
	if (read_all(fd) < 0)
		failure = failed("");
	close(fd);
	return failure;
}

/* The text of a file of a process in /proc. */
static const char *read_proc(enum actor who, const char *name)
{
	const char *failure = load(who, name);

	return failure ? failure : trimmed(contents, strlen(contents));
}

/* The extents in `contents' in one line, or how many there are. */
static const char *extents(void)
{
	static char text[1024];
	unsigned int first, lower, count;
	size_t length = 0;
	int all = 0, used;
	const char *at;

	text[0] = '\0';
	for (at = contents; sscanf(at, "%u %u %u%n", &first, &lower, &count, &used) == 3; at += used)
		if (all++ < 12)
			length += sprintf(text + length, "%s%u %u %u", all > 1 ? ", " : "", first, lower, count);
	if (all > 12)
		sprintf(strchr(text, ',') + 1, " ... %d extents", all);
	return text;
}

/* The extents of a map of a process. */
static const char *read_map(enum actor who, const char *name)
{
	const char *failure = load(who, name);

	return failure ? failure : extents();
}

/* The rest of the open file, which is a map. */
static const char *read_held_map(void)
{
	return read_all(held) < 0 ? failed("") : extents();
}

/* The rest of the open file. */
static const char *read_held(void)
{
	return read_all(held) < 0 ? failed("") : trimmed(contents, strlen(contents));
}

/* Opens any file and closes it. */
static const char *open_any(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return failed("");
	close(fd);
	return "ok";
}

/* The owner and the group of a process's files in /proc. */
static const char *owner(enum actor who)
{
	static char text[32];
	struct stat file;

	if (fstatat(proc, path_of(who, "uid_map"), &file, 0))
		return failed("");
	snprintf(text, sizeof(text), "%u %u", file.st_uid, file.st_gid);
	return text;
}

/* setns(2) to a namespace of a process. */
static const char *join(enum actor who, const char *name, int type)
{
	int fd = open_proc(who, name, O_RDONLY);
	const char *outcome;

	if (fd < 0)
		return failed("open: ");
	outcome = result(setns(fd, type));
	close(fd);
	return outcome;
}
