# shellcheck shell=bash
# Package sources of the build. The context's apt/ holds the host's mirrors, proxy and CA, or empty files:
# then the base image's own sources serve.

readonly APT=/tmp/contenant/apt

export DEBIAN_FRONTEND=noninteractive

fail() {
	printf 'contenant: %s\n' "$1" >&2
	exit 1
}

apt_sources() {
	if [[ -s $APT/mirrors.sources ]]; then
		mkdir -p /tmp/contenant/saved/sources.list.d
		[[ -e /etc/apt/sources.list ]] && mv /etc/apt/sources.list /tmp/contenant/saved/
		find /etc/apt/sources.list.d -mindepth 1 -exec mv -t /tmp/contenant/saved/sources.list.d {} +
		cp "$APT/mirrors.sources" /etc/apt/sources.list.d/
	fi
	cp "$APT/apt.conf" /etc/apt/apt.conf.d/99contenant-build
	if [[ -s $APT/ca.pem ]]; then
		printf 'Acquire::https::CaInfo "%s";\n' "$APT/ca.pem" >>/etc/apt/apt.conf.d/99contenant-build
	fi
}

apt_begin() {
	apt_sources
	apt-get -qq update
}

apt_install() {
	apt-get -qq install -y --no-install-recommends "$@"
}

# As it was: the base image's sources, no lists, no packages.
apt_end() {
	rm -f /etc/apt/apt.conf.d/99contenant-build
	if [[ -s $APT/mirrors.sources ]]; then
		rm /etc/apt/sources.list.d/mirrors.sources
		cp -a /tmp/contenant/saved/. /etc/apt/
	fi
	apt-get clean
	rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
}
