"""What AWS refuses and moto lets pass: each file one matter, with AWS's own error codes.

The classes extend moto's models and backends by inheritance alone, so that each could be offered to moto. They
import moto, and are therefore imported only once a cloud starts.
"""
