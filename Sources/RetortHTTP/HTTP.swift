package import Retort
