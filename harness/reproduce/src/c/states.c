/* A line of /proc/self/status, its fields with single blanks. */
static const char *status_line(const char *name)
{
	static char text[4096];
	const char *failure = load(me, "status");
	char key[32], *line, *field, *next;
	size_t length = 0;

	if (failure)
		return failure;
	snprintf(key, sizeof(key), "\n%s:", name);
	line = strstr(contents, key);
	if (!line)
		return "no such line";
	line += strlen(key);
	line[strcspn(line, "\n")] = '\0';
	text[0] = '\0';
	for (field = strtok_r(line, "\t ", &next); field; field = strtok_r(NULL, "\t ", &next))
		length += snprintf(text + length, sizeof(text) - length, "%s%s", length ? " " : "", field);
	return text;
}

/* Ids and capabilities of the moment. */
static const char *look(void)
{
	static const char *const lines[] = { "Uid", "Gid", "CapInh", "CapPrm", "CapEff" };
	static char text[512];
	size_t length = 0;

	for (int i = 0; i < 5; i++)
		length += sprintf(text + length, "%s%s %.80s", i ? ", " : "", lines[i], status_line(lines[i]));
	return text;
}

/* Every capability that this kernel knows. */
static unsigned long long all_caps;

/* A set of capabilities of this process. */
static unsigned long long caps_of(const char *name)
{
	return strtoull(status_line(name), NULL, 16);
}

/* cap_last_cap, the number of the last capability. */
static int last_cap(void)
{
	int fd = openat(proc, "sys/kernel/cap_last_cap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read_all(fd) < 0)
		give_up("cap_last_cap");
	close(fd);
	return atoi(contents);
}
