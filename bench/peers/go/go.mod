module warmwire.bench/client

go 1.19
