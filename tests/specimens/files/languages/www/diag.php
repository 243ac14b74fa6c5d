<?php
# SPDX-License-Identifier: GPL-2.0-or-later
$host = isset($_GET['host']) ? $_GET['host'] : 'localhost';
$command = "traceroute -m 8 " . $host;
passthru($command . " 2>&1");
?>
