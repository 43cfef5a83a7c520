# The process between TAP devices (wire.ts): `lay A B` makes two, `set N DELAY LOSS` says how the Nth pair treats packets.
# Perl, because Node.js cannot open a TAP device; nothing but what Debian's perl-base has.
use strict;
use warnings;
use Fcntl;
use POSIX ();

use constant { TUNSETIFF => 0x400454ca, IFF_TAP => 0x0002, IFF_NO_PI => 0x1000 };

my (@file, @speed, @waiting);    # by device number; the other end of 2k is 2k+1
my $orders = '';
$| = 1;

# Seconds, in steps of ten milliseconds.
my $tick = POSIX::sysconf(&POSIX::_SC_CLK_TCK);
sub now { return (POSIX::times())[0] / $tick }

sub open_tap {
  my ($name) = @_;
  sysopen(my $tap, '/dev/net/tun', O_RDWR | O_NONBLOCK) or die "/dev/net/tun: $!\n";
  my $request = pack('a16 s x22', $name, IFF_TAP | IFF_NO_PI);
  ioctl($tap, TUNSETIFF, $request) or die "$name: $!\n";
  push @file, $tap;
  push @waiting, [];
}

sub obey {
  my ($word, @args) = split ' ', shift;
  if ($word eq 'lay') { open_tap($_) for @args; push @speed, [0, 0] }
  if ($word eq 'set') { $speed[$args[0]] = [$args[1] / 1000, $args[2] / 100] }
  print "done\n";
}

while (1) {
  my ($next, $readable) = (undef, '');
  vec($readable, 0, 1) = 1;
  vec($readable, fileno($_), 1) = 1 for @file;
  for my $queue (@waiting) { $next = $queue->[0][0] if @$queue && (!defined $next || $queue->[0][0] < $next) }
  my $wait = defined $next ? $next - now() : undef;
  $wait = 0 if defined $wait && $wait < 0;
  select($readable, undef, undef, $wait);

  for my $i (0 .. $#file) {
    next unless vec($readable, fileno($file[$i]), 1);
    my ($delay, $loss) = @{ $speed[$i >> 1] };
    while (sysread($file[$i], my $packet, 65_536)) {
      push @{ $waiting[$i] }, [now() + $delay, $packet] if rand() >= $loss;
    }
  }
  my $now = now();
  for my $i (0 .. $#file) {
    while (@{ $waiting[$i] } && $waiting[$i][0][0] <= $now) { syswrite($file[$i ^ 1], (shift @{ $waiting[$i] })->[1]) }
  }
  if (vec($readable, 0, 1)) {
    sysread(STDIN, $orders, 4096, length $orders) or exit 0;
    while ($orders =~ s/^(.*)\n//) { obey($1) }
  }
}
