#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make install, make dkms and make uninstall: what they put in place, that the
# nodes appear at the next boot, and that nothing is left. The modules are those
# under test: they are not built again. dkms itself is not run.
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=udev.sh
. "$here/udev.sh"
top=$(realpath "$here/../../../../..")
modules=/run/vm/modules
release=/lib/modules/$(uname -r)
modprobe_conf=/etc/modprobe.d/vhx.conf
work=$(mktemp -d)
src=$work/src
dest=$work/dest

# A checkout in which make has built the modules.
built() {
	local file

	mkdir "$src" && cd "$top" && cp -r Makefile Kbuild Kconfig dkms.conf \
		LICENSE drivers include "$src" &&
		mkdir "$src/tools" && cp -r tools/{Makefile,vhxctl,udev,modules-load} \
		"$src/tools" && cp $modules/*.ko "$src/drivers/vhost" || return
	for file in "$modules"/*.ko; do
		echo "$src/drivers/vhost/$(basename "$file" .ko).o"
	done >"$src/modules.order"
}

make_in() { make -C "$src" -o modules "$@"; }

# The files below a folder.
tree() { (cd "$1" && find . ! -type d | sort); }

# The sources of the modules and nothing that was built. And uninstall: for
# every kernel, and for a version that is not this one; what belongs to others
# stays.
packaged() {
	local module

	make_in dkms DESTDIR="$dest" && tree "$dest" | tee "$work/tree" || return
	diff - <(grep -v /usr/src "$work/tree") <<-END || return
	./lib/udev/rules.d/60-vhx.rules
	./usr/lib/modules-load.d/vhx.conf
	./usr/sbin/vhxctl
	./usr/share/bash-completion/completions/vhxctl
	./usr/share/man/man8/vhxctl.8
	END
	diff <(tree "$dest"/usr/src/vhx-*) <(cd "$src" && {
		ls ./{Makefile,Kbuild,Kconfig,dkms.conf,LICENSE}
		find ./drivers ./include -name '*.[ch]' ! -name '*.mod.c'
		find ./drivers ./include -name Kbuild -o -name Kconfig
	} | sort) || return
	cp -r "$dest"/usr/src/vhx-* "$dest/usr/src/vhx-0.0" &&
		mkdir "$dest/usr/src/vhx-other" &&
		echo 'PACKAGE_NAME="other"' >"$dest/usr/src/vhx-other/dkms.conf" ||
		return
	for module in 1/updates/drivers/vhost/vhx.ko 2/extra/vhx_net.ko.xz; do
		install -D /dev/null "$dest/lib/modules/$module" || return
	done
	make_in uninstall DESTDIR="$dest" && tree "$dest" | tee "$work/tree" &&
		[[ $(<"$work/tree") == ./usr/src/vhx-other/dkms.conf &&
		! -e $dest/lib/modules/1 ]] &&
		[[ $(find "$dest" -name '*vhx*') == "$dest/usr/src/vhx-other" ]]
}

# A folder of modules with just what ours need: depmod takes minutes for all.
small_modules() {
	local small=$work/modules path

	mkdir "$small" && cp -P "$release"/{build,modules.{builtin*,order}} \
		"$small" || return
	modprobe -aD configfs tun | sed -n 's/^insmod \([^ ]*\).*/\1/p' |
		while read -r path; do
			install -D "$path" "$small/${path#"$release"/}" ||
				return
		done &&
		mount --bind "$small" "$release" && depmod
}

# What is installed, but for what depmod writes.
installed() {
	find /etc /usr/{sbin,src,share/man,share/bash-completion} /usr/local \
		/lib/{udev,modules,modules-load.d} /var/lib \
		! -type d -o -name '*vhx*' -o -name updates 2>/dev/null |
		grep -v '/modules\.[^/]*$' | sort
}

install_here() {
	modprobe -r vhx_net vhx_blk vhx_rng && mv $modprobe_conf "$work" &&
		small_modules && installed >"$work/before" && make_in install
}

# boot: as the next boot does it.
boot() {
	udev_start && rm /run/udev/rules.d/60-vhx.rules &&
		udevadm control --reload &&
		/lib/systemd/systemd-modules-load && udevadm settle &&
		[[ $(modinfo -n vhx_net) == */updates/* ]] &&
		stat -c '%n %G %a' /dev/vhx-net /dev/vhx-blk | tee "$work/said" &&
		[[ $(grep -c ' kvm 660$' "$work/said") == 2 ]]
}

# vhxctl loads what is not loaded at boot.
use() {
	/usr/sbin/vhxctl create rng dice && [[ -c /dev/vhx/dice ]] &&
		/usr/sbin/vhxctl destroy dice
}

uninstall_here() {
	udev_stop
	modprobe -r vhx_net vhx_blk vhx_rng && make_in uninstall &&
		installed | diff "$work/before" - && ! modprobe -n vhx_net
}

ktap_print_header
if [[ $release == *debug* || ! -d $release/build || ! -d $modules ]]; then
	ktap_skip_all "not a kernel that is installed, or too slow"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 6
must "the modules are built" built
try "dkms and uninstall, with DESTDIR" packaged
try "install" install_here
try "at boot the nodes appear" boot
try "vhxctl loads a module" use
try "uninstall leaves nothing" uninstall_here
umount "$release"
mv "$work/vhx.conf" $modprobe_conf
rm -rf "$work"
ktap_finished
