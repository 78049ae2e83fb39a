# within_budget.pl SECONDS COMMAND...: runs a command and ends it with all that it started once its seconds are used up
# (status 124, as `timeout` has it, which macOS lacks).
use strict;
use warnings;
use POSIX qw(setpgid);

my $seconds = shift;
my $child = fork // die "fork: $!\n";
if ($child == 0) {
  setpgid(0, 0);
  exec @ARGV or die "$ARGV[0]: $!\n";
}
my $late = 0;
$SIG{ALRM} = sub { $late = 1; kill 'KILL', -$child };
$SIG{TERM} = $SIG{INT} = sub { kill 'TERM', -$child };
alarm $seconds;
1 while waitpid($child, 0) == -1;
if ($late) {
  print STDERR "ERROR: stopped: it ran past its budget of $seconds s\n";
  exit 124;
}
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
