#!/bin/sh
echo "Content-Type: text/plain"
echo
ifconfig eth0 up
/sbin/reboot
