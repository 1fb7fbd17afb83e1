#!/usr/bin/perl
# Does a merged campaign equal the same run on one machine?
#
#     same.pl WHOLE.json MERGED.json      afterkill report RUN --format json, of both
#
# Where a SIGKILL lands is chance, so the outcomes of single kills are not compared. Everything else is:
# what was tried, every crash point with what it leaves, how many kills were asked for and that each is
# accounted for, and the verdicts. Differences are printed, one a line; exit status 1 if there are any.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->canonical->allow_nonref;
my $differences = 0;

sub differ {
    print "@_\n";
    $differences++;
}

sub result {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/ = undef;
    return $json->decode(scalar <$file>);
}

# The values of both under the names, as text.
sub compare {
    my ($what, $whole, $merged, @names) = @_;
    for my $name (@names) {
        my ($x, $y) = map { exists $_->{$name} ? $json->encode($_->{$name}) : 'nothing' } $whole, $merged;
        differ("$what$name: $x alone, $y merged") if $x ne $y;
        differ("$what$name: in neither") if $x eq 'nothing' && $y eq 'nothing';
    }
}

# Every kill that was asked for came to something, and nothing is unexplained.
sub account {
    my ($what, $kills) = @_;
    my $sum = 0;
    $sum += $kills->{$_} for qw(valid missed early timeouts errors disturbed);
    differ("$what: $kills->{requested} kills requested, $sum accounted for") if $sum != $kills->{requested};
    differ("$what: $kills->{unexplained} unexplained") if $kills->{unexplained};
}

my ($whole, $merged) = map { result($_) } @ARGV;
compare('', $whole, $merged, qw(schema scenario seed params complete verdict));

my ($n, $m) = map { scalar @{ $_->{strategies} } } $whole, $merged;
differ("strategies: $n alone, $m merged") if $n != $m;
for my $i (0 .. ($n < $m ? $n : $m) - 1) {
    my ($x, $y) = map { $_->{strategies}[$i] } $whole, $merged;
    my $what = "$x->{name}: ";
    compare($what, $x, $y, qw(name expect reference commands bytes round_trips uncrashed census verdict));
    compare("${what}kills.", $x->{kills}, $y->{kills}, 'requested');
    account("${what}alone", $x->{kills});
    account("${what}merged", $y->{kills});

    my ($p, $q) = map { $_->{points} } $x, $y;
    differ($what . @$p . ' points alone, ' . @$q . ' merged') if @$p != @$q;
    for my $k (0 .. (@$p < @$q ? $#$p : $#$q)) {
        compare("${what}point $k: ", $p->[$k], $q->[$k], qw(index command now later));
    }
}
exit($differences ? 1 : 0);
