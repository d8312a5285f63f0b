# shellcheck shell=bash disable=SC2034 # the users of this file read what it sets
# What the entrypoint and the session wrapper share. Read by root, before anything of the caller's is.

readonly LIB=/usr/local/lib/contenant
readonly FIREWALL=$LIB/firewall
readonly AGENT=claude
readonly HOME_DIR=/home/claude
readonly SESSIONS=/var/lib/contenant/sessions # the host's, closed to the agent
readonly READY=/run/contenant/ready           # holds the boot token of the start it is about
readonly ENDED=/run/contenant/detachable-ended # there once a detachable session is over
readonly AGENT_RUN=/run/contenant/agent       # flat; the agent may add files, root may remove them

die() {
	printf 'contenant: %s\n' "$2" >&2
	exit "$1"
}

# Become the agent, for good: no capability is left, and none can be had.
as_agent() {
	setpriv --reuid="$AGENT" --regid="$AGENT" --init-groups --no-new-privs \
		--bounding-set=-all --inh-caps=-all --ambient-caps=-all -- "$@"
}

# Set STARTED (clock ticks) and STATE of a process; fails when there is none. The name of a process may hold
# anything, so the fields are counted from its closing bracket.
read_process() {
	local stat=
	STARTED='' STATE=''
	IFS= read -r -d '' stat 2>/dev/null <"/proc/$1/stat"
	[[ $stat ]] || return 1
	read -r -a stat <<<"${stat##*) }"
	STATE=${stat[0]}
	STARTED=${stat[19]}
} 2>/dev/null

# alive PID STARTED: whether that very process lives.
alive() {
	[[ ${1:-} =~ ^[1-9][0-9]{0,9}$ ]] && read_process "$1" && [[ $STARTED == "${2:-}" && $STATE != [ZX] ]]
}

# What tells this start of the container from any other: /run may outlive a stop.
boot_token() {
	local boot
	read -r boot </proc/sys/kernel/random/boot_id
	read_process 1
	TOKEN="$boot $STARTED"
}

is_ready() {
	local mark=
	read -r mark 2>/dev/null <"$READY"
	[[ $mark == "$TOKEN" ]]
} 2>/dev/null

# A file the agent wrote: read as the agent, bounded in size and time, since it may be a link or a pipe.
read_agent_file() {
	as_agent timeout 1 head -c 40 -- "$AGENT_RUN/$1" 2>/dev/null | tr -cd '0-9 '
}

# pane_of SID: set PANE_MARK to "PID STARTED" of a detachable session's first process.
pane_of() {
	PANE_MARK=$(read_agent_file "$1.pane")
	[[ $PANE_MARK =~ ^[1-9][0-9]{0,9}\ [0-9]{1,20}$ ]]
}

pane_lives() {
	local pane
	pane_of "$1" || return 1
	read -r -a pane <<<"$PANE_MARK"
	alive "${pane[@]}"
}

# record_exit SID CODE: for the host to collect; the first word stands.
record_exit() {
	local place=$SESSIONS/$1
	[[ -e $place.exit ]] && return
	printf '%d\n' "$2" >"$place.exit.$$" && mv -n "$place.exit.$$" "$place.exit"
	rm -f "$place.exit.$$"
}

# settle SID: the code of a detachable session that is over. Without one it was killed.
settle() {
	local code
	code=$(read_agent_file "$1.exit")
	[[ $code =~ ^[0-9]{1,3}$ ]] && ((10#$code <= 255)) || code=137
	record_exit "$1" "$((10#$code))"
	: >"$ENDED"
	rm -f "$AGENT_RUN/$1".{pane,exit,sock,out}
}
