"""The data plane, client side: ssh, docker, http and jupyter as a user of the instances sees them."""
