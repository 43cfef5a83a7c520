# Sends UDP datagrams with any source over a raw socket. Usage: raw-datagram.pl < plan
# Each line of the plan: SOURCE_IP SOURCE_PORT TARGET_IP TARGET_PORT HEX [COUNT [PER_SECOND]]
# A source of A.B.C.* walks through its 254 addresses; a source port of * walks through 1024 to 65535.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time sleep);

socket(my $raw, AF_INET, SOCK_RAW, 255) or die "raw socket: $!\n";    # 255: IPPROTO_RAW, we write the IP header
my $sent = 0;
while (my $line = <STDIN>) {
    my ($from, $from_port, $to, $to_port, $hex, $count, $rate) = split ' ', $line;
    $count //= 1;
    my $payload = pack 'H*', $hex;
    my $target = inet_aton($to);
    my $length = 28 + length $payload;
    my $begun = time;
    for my $i (0 .. $count - 1) {
        (my $ip = $from) =~ s/\*/1 + $i % 254/e;
        my $port = $from_port eq '*' ? 1024 + $i % 64512 : $from_port;
        # Checksums: the kernel fills in the one of IP; 0 is none for UDP.
        my $packet = pack('CCnnnCCna4a4', 0x45, 0, $length, 0, 0, 64, 17, 0, inet_aton($ip), $target)
            . pack('nnnn', $port, $to_port, $length - 20, 0) . $payload;
        send($raw, $packet, 0, sockaddr_in($to_port, $target)) and $sent++;
        if (defined $rate && $i % 50 == 49) {
            my $ahead = $i / $rate - (time - $begun);
            sleep($ahead) if $ahead > 0.001;
        }
    }
}
print "$sent\n";
